"""The model that every server serves: logistic regression on iris. Runs in the servers' environments."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def trained() -> LogisticRegression:
    data = load_iris()
    return LogisticRegression(max_iter=1000).fit(data.data, data.target)


def rows() -> np.ndarray:
    """Four real rows of each class, as float32."""
    return load_iris().data[[0, 20, 60, 140]].astype(np.float32)
