"""The example model: trained on the census sample, exported to ONNX, and released in versions, some of them faulty.

Version 1 predicts who has work, with an encoder, a scaler and a small neural network in one scikit-learn pipeline.
Version 2 is version 1 quantised to int8 by onnxruntime's own tool, but calibrated on the first rows of a file that was
sorted by age: the ranges of the activations were learned from the very old, and everybody else saturates.
Version 3 is the same quantisation calibrated on shuffled rows, as it should be done.

Belongs here: training and export, into a folder, once. Knows nothing of serving.
"""

import csv
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from sentinel.demo.dataset import CATEGORICAL, FEATURES, NUMERIC, TRAINING, Array, Population, load, packed

MODEL_NAME = "employment"
VERSION_HEADER = "x-model-version"  # of every answer, errors too
LABELS = ("not_employed", "employed")  # by class index
GOOD, BADLY_QUANTISED, WELL_QUANTISED = "1", "2", "3"

HIDDEN_UNITS = 16  # enough for 0.79 accuracy, which is what boosted trees reach on these features
TRAINING_EPOCHS = 40  # with early stopping; about a second
CALIBRATION_ROWS = 500
SEED = 7


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What training leaves behind.

    models: version -> ONNX file. training_csv: the training features with version 1's predictions beside them.
    """

    folder: Path
    models: dict[str, Path]
    training_csv: Path


def prepare(folder: Path) -> Artifacts:
    """The trained artifacts under `folder`: found there from an earlier run, else trained now (a few seconds)."""
    home = folder / f"model-{_fingerprint()}"
    if not home.exists():
        folder.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix="training-", dir=folder))
        try:
            _build(building)
            building.rename(home)
        except OSError:
            if not home.exists():  # otherwise another run was faster, and its result is as good
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    models = {version: home / f"v{version}.onnx" for version in (GOOD, BADLY_QUANTISED, WELL_QUANTISED)}
    return Artifacts(home, models, home / "training.csv")


class Predictor:
    """One ONNX file, ready to run: columns in, label and probability of having work out."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the model is tiny; threads only add latency
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])

    def predict(self, columns: dict[str, Array]) -> tuple[Array, Array]:
        """Labels [rows] (text) and probabilities [rows] (float32). columns: every feature -> [rows]."""
        labels, probabilities = self._session.run(None, _tensors(columns))
        return np.array(LABELS, dtype=object)[labels], probabilities[:, 1]


def _fingerprint() -> str:
    """Changes whenever the data, this file or a tool that makes the model does."""
    digest = hashlib.sha256(packed())
    digest.update(Path(__file__).read_bytes())
    tools = {tool: metadata.version(tool) for tool in ("scikit-learn", "skl2onnx", "onnxruntime", "numpy")}
    digest.update(json.dumps(tools).encode())
    return digest.hexdigest()[:12]


def _build(folder: Path) -> None:
    training = load()[TRAINING]
    good = folder / f"v{GOOD}.onnx"
    good.write_bytes(_export(_fit(training)))
    by_age = np.argsort(-training.columns["age"], kind="stable")
    shuffled = np.random.default_rng(SEED).permutation(training.rows)
    for version, order in ((BADLY_QUANTISED, by_age), (WELL_QUANTISED, shuffled)):
        _quantise(good, folder / f"v{version}.onnx", training.take(order[:CALIBRATION_ROWS]))
    _write_training_csv(folder / "training.csv", training, Predictor(good))


def _fit(training: Population) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = ColumnTransformer(
        [
            ("scale", StandardScaler(), list(range(len(NUMERIC)))),
            ("encode", OneHotEncoder(handle_unknown="ignore"), list(range(len(NUMERIC), len(FEATURES)))),
        ],
        sparse_threshold=0,
    )
    network = MLPClassifier((HIDDEN_UNITS,), max_iter=TRAINING_EPOCHS, early_stopping=True, random_state=SEED)
    table = np.column_stack([training.columns[name].astype(object) for name in FEATURES])
    return Pipeline([("encoder", encoder), ("network", network)]).fit(table, training.employed)


def _export(pipeline: Any) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    inputs = [(name, FloatTensorType([None, 1])) for name in NUMERIC]
    inputs += [(name, StringTensorType([None, 1])) for name in CATEGORICAL]
    model = to_onnx(pipeline, initial_types=inputs, options={id(pipeline): {"zipmap": False}})
    return bytes(model.SerializeToString())


def _quantise(source: Path, target: Path, calibration: Population) -> None:
    """int8 weights and activations by onnxruntime's static quantisation, ranges learned from `calibration`."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Rows(CalibrationDataReader):  # type: ignore[misc]  # the package is untyped
        def __init__(self) -> None:
            self._batches: Iterator[dict[str, Array]] = iter([_tensors(dict(calibration.columns))])

        def get_next(self) -> dict[str, Array] | None:
            return next(self._batches, None)

    logging.getLogger().addFilter(_no_preprocessing_advice)
    try:
        quantize_static(
            os.fspath(source),
            os.fspath(target),
            Rows(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
        )
    finally:
        logging.getLogger().removeFilter(_no_preprocessing_advice)


def _no_preprocessing_advice(record: logging.LogRecord) -> bool:
    """onnxruntime advises graph clean-up before every quantisation; a network of two layers has nothing to clean."""
    return "pre-processing before quantization" not in record.getMessage()


def _write_training_csv(path: Path, training: Population, predictor: Predictor) -> None:
    labels, probabilities = predictor.predict(dict(training.columns))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*FEATURES, "label", "probability"])
        columns = [training.columns[name].tolist() for name in FEATURES]
        writer.writerows(zip(*columns, labels.tolist(), probabilities.tolist(), strict=True))


def _tensors(columns: dict[str, Array]) -> dict[str, Array]:
    """What the exported model takes: one [rows, 1] tensor per feature."""
    return {name: np.asarray(columns[name]).reshape(-1, 1) for name in FEATURES}
