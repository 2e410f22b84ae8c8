"""NannyML's bundled data sets with labels: which columns are what. Read by both environments of `bench.cbpe`."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Data:
    """A bundled data set. scores: class -> column of its probability; one column where there are two classes."""

    load: str
    truth: str
    predicted: str
    scores: dict[str, str]
    key: str = "id"
    left_out: tuple[str, ...] = field(default=("timestamp", "year"))


SETS = {
    "employment (US census)": Data(
        "load_us_census_ma_employment_data", "employed", "prediction", {"1": "predicted_probability"}
    ),
    "car loan (synthetic)": Data("load_synthetic_car_loan_dataset", "repaid", "y_pred", {"1": "y_pred_proba"}),
    "work from home (synthetic)": Data(
        "load_synthetic_binary_classification_dataset",
        "work_home_actual",
        "y_pred",
        {"1": "y_pred_proba"},
    ),
    "credit card (synthetic, 3 classes)": Data(
        "load_synthetic_multiclass_classification_dataset",
        "y_true",
        "y_pred",
        {f"{name}_card": f"y_pred_proba_{name}_card" for name in ("highstreet", "prepaid", "upmarket")},
    ),
}
METRICS = ("accuracy", "f1", "roc_auc")
