"""Losses: pure functions of target, prediction and weights."""

import numpy as np

from eqdisc._typing import FloatArray


def mean_squared_error(
    target: FloatArray, prediction: FloatArray, weights: FloatArray | None = None
) -> float:
    """Weighted mean of the squared residuals, in squared units of the target.

    target, prediction, weights : (n,); only the ratios of the weights matter
    NaN or infinity in the prediction makes the loss NaN or infinite: nothing is hidden.

    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares = target - prediction
        np.square(squares, out=squares)
        if weights is None:
            return float(np.mean(squares))
        return float(np.dot(weights, squares) / np.sum(weights))


def r_squared(target: FloatArray, prediction: FloatArray, weights: FloatArray | None = None) -> float:
    """Share of the (weighted) variance of the target that the prediction explains: 1 is perfect, 0 the mean.

    target, prediction, weights : (n,). NaN where the target is constant and the prediction is not perfect,
    for then there is no variance to explain; 1.0 where it is constant and the prediction perfect.

    >>> r_squared(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))
    0.0
    """
    residual = mean_squared_error(target, prediction, weights)
    mean = np.full_like(target, np.average(target, weights=weights))
    variance = mean_squared_error(target, mean, weights)
    if residual == 0.0:
        return 1.0
    return 1.0 - residual / variance if variance > 0.0 else float("nan")
