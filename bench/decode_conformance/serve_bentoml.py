"""A BentoML service: `bentoml serve serve_bentoml:Iris --port PORT`."""

import bentoml
import numpy as np
from model import trained


@bentoml.service
class Iris:
    def __init__(self) -> None:
        self.model = trained()

    @bentoml.api
    def classify(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(rows)

    @bentoml.api
    def one(self, sepal_length: float, sepal_width: float, petal_length: float, petal_width: float) -> dict:
        label = int(self.model.predict([[sepal_length, sepal_width, petal_length, petal_width]])[0])
        return {"label": label}
