"""The best of many descents: the global least-squares optimum of a formula's parameters, in all likelihood.

Multi-start as in Rinnooy Kan and Timmer (1987): many seeded starts are looked at together, those of small
loss are followed, and the search ends when several of these arrive at one optimum.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.engine.reference import feature_jacobian
from eqdisc.expr.form import filled
from eqdisc.search.least_squares import Model, Point, minimise
from eqdisc.search.starts import Places

ROUND = 2048  # starts that are looked at together
DESCENTS = (0, 1, 2, 3, 6, 12, 24, 48)  # of a round, by rank: those that are followed to their optimum
AGREEING = 3  # descents that end in one optimum settle that it is the best
BATCH = 400_000  # numbers a node has in memory at a time
SAME = 1e-7  # relative difference of losses that belong to one optimum
EXACT = 1e-28  # of the mean square of the target: a loss that is rounding
TIDY = 1e-9  # of the largest target: how far parameters may change a value and give the same law


def best_of_many(
    model: Model, starts: int, random: np.random.Generator, given: Mapping[int, float]
) -> FloatArray | None:
    """Parameters (p,) at the best optimum found from so many starts; None where no start is finite.

    given : first guesses by index; the starts are near them
    """
    places = places_of(model)
    exact = _exact(model)
    found: list[Point] = []
    for done in range(0, starts if model.curved else 1, ROUND):
        drawn = places.draw(random, min(ROUND, starts - done) if model.curved else 1, given)
        followed = [drawn[0], *_promising(model, drawn)] if done == 0 else _promising(model, drawn)
        descents = (minimise(model, start, negligible=1e-10) for start in followed)
        found.extend(point for point in descents if point is not None)
        if _settled(found, exact):
            break
    if not found:
        return None
    bound = min(point.loss for point in found) * (1.0 + SAME) + exact
    equals = [point.parameters for point in found if point.loss <= bound]
    return min(equals, key=lambda parameters: (_roughness(model, parameters), *_untidiness(parameters)))


def places_of(model: Model) -> Places:
    """Where the parameters of a model may lie."""
    table = model.dataset
    return Places(model.tree, model.n_columns, model.n_parameters, table.features, table.target)


def _roughness(model: Model, parameters: FloatArray) -> float:
    """How fast the law changes from row to row, to two digits: a wave between the rows fits them as well."""
    columns = model.dataset.features
    law, _ = filled(model.tree, model.n_columns, parameters.tolist())
    slopes = feature_jacobian(law, columns)[1] * np.std(columns, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(f"{np.sum(slopes**2):.1e}")


def _promising(model: Model, drawn: FloatArray) -> list[FloatArray]:
    """The starts to follow: the best by the loss with linear parameters solved for, and some lesser ones."""
    losses = projected_losses(model, drawn)
    order = np.argsort(losses, kind="stable")
    order = order[np.isfinite(losses[order])]
    return [drawn[order[rank]] for rank in DESCENTS if rank < order.size]


def projected_losses(model: Model, drawn: FloatArray) -> FloatArray:
    """(s,) mean squared residuals at (s, p) parameters, the linear ones at their optimum instead.

    In units of `model.scale`; infinite where a value is not finite.
    """
    count = max(1, BATCH // model.dataset.n_rows)
    pieces = [drawn[start : start + count] for start in range(0, drawn.shape[0], count)]
    with np.errstate(all="ignore"):
        return np.concatenate([_projected_losses(model, piece) for piece in pieces])


def _projected_losses(model: Model, drawn: FloatArray) -> FloatArray:
    parameters = drawn.copy()
    parameters[:, list(model.linear)] = 0.0
    base = model.values(parameters)
    columns = []
    for j in model.linear:
        parameters[:, j] = 1.0
        columns.append((model.values(parameters) - base) * model.root)
        parameters[:, j] = 0.0
    residual = (model.dataset.target - base) * model.root / model.scale
    if columns:
        basis = np.stack(columns, axis=2)
        basis /= np.sqrt(np.sum(basis**2, axis=1, keepdims=True))
        finite: BoolArray = np.isfinite(basis.sum(axis=(1, 2)) + residual.sum(axis=1))
        basis[~finite] = 0.0
        orthonormal = np.linalg.qr(basis)[0]
        inner = np.einsum("snl,sn->sl", orthonormal, np.where(finite[:, None], residual, 0.0))
        residual = residual - np.einsum("snl,sl->sn", orthonormal, inner)
        residual[~finite] = np.inf
    losses: FloatArray = np.mean(residual**2, axis=1)
    return np.where(np.isfinite(losses), losses, np.inf)


def _settled(found: list[Point], exact: float) -> bool:
    """Whether several descents agree on the best optimum, or nothing is left to gain."""
    if not found:
        return False
    best = min(point.loss for point in found)
    agreeing = sum(point.loss <= best * (1.0 + SAME) + exact for point in found)
    return agreeing >= AGREEING or best <= exact


def tidied(model: Model, found: FloatArray) -> FloatArray:
    """Parameters of the same law, as few of them negative and as many angles small as can be."""
    value = model.values(found)
    for _ in range(found.size):
        others = np.array([found, *_equivalents(found)])
        with np.errstate(all="ignore"):
            difference = np.max(np.abs(model.values(others) - value), axis=1)
        same = np.flatnonzero(difference <= TIDY * model.scale)
        best = min(others[same], key=_untidiness)
        if np.array_equal(best, found):
            break
        found = best
    return _turned_positive(model, found)


def _turned_positive(model: Model, found: FloatArray) -> FloatArray:
    """A negative parameter turned positive where a descent from there leads to an equal optimum."""
    here = model.at(found)
    for i in np.flatnonzero(found < 0.0):
        flipped = found.copy()
        flipped[i] = -flipped[i]
        there = minimise(model, flipped, negligible=1e-10)
        if here is None or there is None or not there.loss <= here.loss * (1.0 + SAME) + _exact(model):
            continue
        keys = [(_roughness(model, p), *_untidiness(p)) for p in (there.parameters, found)]
        if keys[0] < keys[1]:
            return there.parameters
    return found


def _exact(model: Model) -> float:
    """A loss that is rounding."""
    return EXACT * float(np.mean(model.dataset.target**2))


def _equivalents(parameters: FloatArray) -> Iterator[FloatArray]:
    """Parameters that may give the same law: other signs of one or two, half turns of an angle."""
    turned = [parameters]
    for i, half_turns in enumerate(np.floor(parameters / np.pi)):
        for turns in (half_turns - 1.0, half_turns, half_turns + 1.0):
            turned.append(parameters.copy())
            turned[-1][i] -= turns * np.pi
    for other in turned:
        for i in range(parameters.size):
            for j in range(i, parameters.size):
                signs = np.ones(parameters.size)
                signs[[i, j]] = -1.0
                yield other * signs
    yield from turned


def _untidiness(parameters: FloatArray) -> tuple[int, float]:
    return int(np.count_nonzero(parameters < 0.0)), float(np.sum(np.abs(parameters)))
