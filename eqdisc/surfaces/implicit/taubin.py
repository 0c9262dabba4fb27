"""Linear combinations that vanish on points: null vectors, Taubin's fit and the fit of distances.

A law c with F = sum of c_k phi_k has no scale. Of a plain least-squares fit all is lost under noise: it finds
an F that is small everywhere. Taubin (1991, section IV) bounds the mean square slope instead, a generalised
eigenproblem, and the sum of squared first-order distances F / |grad F| is then minimised from there
(Sampson 1982; Chojnacki et al. 2000), by Gauss-Newton with the slope's own change in it.
"""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.library import Library

SLOPELESS = 1e-11  # of the largest: directions without slope, such as a constant
LEAST_SLOPE = 1e-3  # of the mean slope; near singular points first-order distances say nothing
STEPS, HALVINGS = 12, 5
NEGLIGIBLE = 1e-7
RANK = 1e-12


@dataclass(frozen=True)
class Design:
    """Values (n, m) and slopes (d, n, m), in units of distance, of m functions on n points."""

    values: FloatArray
    slopes: FloatArray

    @classmethod
    def of(cls, library: Library, points: FloatArray, cloud: Cloud) -> "Design":
        """Of a library on points of a cloud."""
        slopes = library.gradients(points) * (cloud.scale[:, None, None] * cloud.diagonal)
        return cls(library.values(points), slopes)

    def take(self, members: IntArray) -> "Design":
        """Some of the functions."""
        return Design(self.values[:, members], self.slopes[:, :, members])

    def mixed(self, mixing: FloatArray) -> "Design":
        """Combinations of the functions: mixing (m, k)."""
        return Design(self.values @ mixing, self.slopes @ mixing)

    def distances(self, vector: FloatArray) -> FloatArray:
        """(n,) first-order distances from the zero set of a combination."""
        gradient = self.slopes @ vector
        size = np.sqrt(np.sum(gradient**2, axis=0))
        mean = float(np.sqrt(np.mean(size**2)))
        if mean == 0.0:
            return np.full(size.shape, np.inf)
        found: FloatArray = (self.values @ vector) / np.sqrt(size**2 + (LEAST_SLOPE * mean) ** 2)
        return found


def taubin(design: Design) -> FloatArray:
    """(m,) the combination of least mean square value at mean square slope one.

    Directions without slope (the constant) cost nothing in the bound and are solved for.
    """
    n = design.values.shape[0]
    scatter = design.values.T @ design.values / n
    bound = np.einsum("jnk,jnl->kl", design.slopes, design.slopes, optimize=True) / n
    sizes = np.sqrt(np.maximum(np.diag(scatter), 1e-300))
    scatter, bound = scatter / np.outer(sizes, sizes), bound / np.outer(sizes, sizes)
    steepness, axes = np.linalg.eigh(bound)
    steep = steepness > SLOPELESS * steepness[-1]
    if not steep.any():
        return np.zeros(sizes.size)
    moving, flat = axes[:, steep] / np.sqrt(steepness[steep]), axes[:, ~steep]
    if flat.shape[1]:
        inner = np.linalg.pinv(flat.T @ scatter @ flat, rcond=RANK, hermitian=True)
        moving = moving - flat @ (inner @ (flat.T @ scatter @ moving))
    _, vectors = np.linalg.eigh(moving.T @ scatter @ moving)
    return normalised((moving @ vectors[:, 0]) / sizes)


def refined(design: Design, start: FloatArray, steps: int = STEPS) -> FloatArray:
    """(m,) the combination of least mean square distance near a start, by damped Gauss-Newton steps."""
    sizes = np.sqrt(np.mean(design.values**2, axis=0))
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    scaled = Design(design.values / sizes, design.slopes / sizes)
    vector = normalised(start * sizes)
    residual = scaled.distances(vector)
    loss = float(np.mean(residual**2))
    for _ in range(steps):
        step = _step(scaled, vector, residual)
        before = loss
        for halving in range(HALVINGS):
            trial = normalised(vector - step * 0.5**halving)
            distances = scaled.distances(trial)
            square = float(np.mean(distances**2))
            if square < loss:
                vector, residual, loss = trial, distances, square
                break
        if loss >= before * (1.0 - NEGLIGIBLE):
            break
    return normalised(vector / sizes)


def significance(design: Design, vector: FloatArray) -> FloatArray:
    """(m,) by how much the sum of squared distances over the noise rises if a term is left out (Wald).

    In units of the mean square distance; the other terms make up for what they can.
    """
    sizes = np.sqrt(np.mean(design.values**2, axis=0))
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    scaled, scaled_vector = Design(design.values / sizes, design.slopes / sizes), vector * sizes
    residual = scaled.distances(scaled_vector)
    square = max(float(np.mean(residual**2)), 1e-300)
    jacobian = _jacobian(scaled, scaled_vector, residual)
    inner = _tangent_inverse(jacobian.T @ jacobian, scaled_vector)
    variance = np.maximum(np.diag(inner) * square, 1e-300)
    found: FloatArray = scaled_vector**2 / variance
    return found


def standard_errors(design: Design, vector: FloatArray, noise: float) -> FloatArray:
    """(m,) of a combination scaled to length one, for first-order distances of standard deviation `noise`."""
    residual = design.distances(vector)
    jacobian = _jacobian(design, vector, residual)
    sizes = np.sqrt(np.mean(design.values**2, axis=0))
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    inner = _tangent_inverse((jacobian / sizes).T @ (jacobian / sizes), vector * sizes)
    errors: FloatArray = noise * np.sqrt(np.maximum(np.diag(inner), 0.0)) / sizes
    return errors


def normalised(vector: FloatArray) -> FloatArray:
    """Of length one."""
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0.0 else vector


def _jacobian(design: Design, vector: FloatArray, residual: FloatArray) -> FloatArray:
    gradient = design.slopes @ vector
    size = np.sqrt(np.sum(gradient**2, axis=0))
    size = np.sqrt(size**2 + (LEAST_SLOPE * float(np.sqrt(np.mean(size**2)))) ** 2)
    jacobian: FloatArray = design.values / size[:, None]
    for slope, own in zip(design.slopes, gradient, strict=True):
        jacobian -= (residual * own / size**2)[:, None] * slope
    return jacobian


def _step(design: Design, vector: FloatArray, residual: FloatArray) -> FloatArray:
    jacobian = _jacobian(design, vector, residual)
    step: FloatArray = _tangent_inverse(jacobian.T @ jacobian, vector) @ (jacobian.T @ residual)
    return step


def _tangent_inverse(normal: FloatArray, vector: FloatArray) -> FloatArray:
    """Inverse of a normal matrix in the directions that are no mere change of scale of the vector."""
    unit = normalised(vector)
    project = np.eye(unit.size) - np.outer(unit, unit)
    inner = project @ normal @ project
    return np.asarray(np.linalg.pinv((inner + inner.T) / 2.0, rcond=RANK, hermitian=True))
