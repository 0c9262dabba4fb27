"""Functions of the target that may be simple where the target is not, and the way back to a law."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.search.spelling import respell

LARGEST_EXPONENT = 20.0

Back = Callable[[Expression], Expression]


@dataclass(frozen=True)
class Aim:
    """What an expression e is compared with.

    values : (WIDTH,) a function of the target
    back   : the law for the target itself, where that function of it is e
    extra  : nodes that `back` adds
    by_input : whether the function is the product or quotient with an input
    """

    name: str
    values: FloatArray
    back: Back
    extra: int
    by_input: bool = False


@dataclass(frozen=True)
class Second:
    """A function of target and a first part f, and the law in which the second part e is that function."""

    name: str
    forward: Callable[[FloatArray, FloatArray], FloatArray]
    back: Callable[[Expression, Expression], Expression]


def _applied(name: str, sign: float = 1.0) -> Back:
    def back(e: Expression) -> Expression:
        law = Expression.apply(name, e)
        return law if sign > 0.0 else -law

    return back


def _itself(e: Expression) -> Expression:
    return e


def aims(
    target: FloatArray, variables: Sequence[int], features: FloatArray, allowed: frozenset[int]
) -> list[Aim]:
    """The target, its simple transforms, its products and quotients with an input; those that are finite on
    the given rows and whose way back needs only operators of `allowed`."""
    sign = 1.0 if np.all(target >= 0.0) else -1.0
    with np.errstate(all="ignore"):
        same_sign = bool(np.all(target * sign >= 0.0))
        size = np.abs(target) if same_sign else np.full(target.shape, np.nan)
        candidates = [
            Aim("y", target, _itself, 0),
            Aim("1/y", 1.0 / target, _applied("inv"), 2),
            Aim("y**2", size**2, _applied("sqrt", sign), 1),
            Aim("log(y)", np.log(size), _applied("exp", sign), 1),
            Aim("sqrt(y)", np.sqrt(size), _applied("square", sign), 1),
            Aim("exp(y)", np.where(target < 300.0, np.exp(target), np.nan), _applied("log"), 1),
            Aim("asin(y)", np.arcsin(target), _applied("sin"), 1),
            Aim("acos(y)", np.arccos(target), _applied("cos"), 1),
            Aim("atanh(y)", np.arctanh(target), _applied("tanh"), 1),
            Aim("tan(y)", np.where(np.abs(target) < np.pi / 2, np.tan(target), np.nan), _applied("atan"), 1),
            Aim("sin(y)", np.where(np.abs(target) < np.pi / 2, np.sin(target), np.nan), _applied("asin"), 1),
            Aim("cos(y)", np.where(same_sign & (size < np.pi), np.cos(target), np.nan), _applied("acos"), 1),
            Aim("y**3", target**3, _applied("cbrt"), 1),
            Aim("cbrt(y)", np.cbrt(target), _applied("cube"), 1),
        ]
        for j in variables:
            column, x = features[:, j], Expression.variable(j)
            candidates.append(Aim(f"y/x{j}", target / column, lambda e, x=x: x * e, 2, True))  # type: ignore[misc]
            candidates.append(Aim(f"y*x{j}", target * column, lambda e, x=x: e / x, 2, True))  # type: ignore[misc]
    return _usable(candidates, allowed)


def input_aims(
    target: FloatArray, variables: Sequence[int], features: FloatArray, allowed: frozenset[int]
) -> list[Aim]:
    """Squares, logarithms ... of the target times, over, less or plus an input: y = x*sqrt(e), x + exp(e)."""
    found: list[Aim] = []
    for j in variables:
        column, x = features[:, j], Expression.variable(j)
        with np.errstate(all="ignore"):
            joined: list[tuple[str, FloatArray, Back]] = [
                ("y/x", target / column, lambda e, x=x: x * e),  # type: ignore[misc]
                ("y*x", target * column, lambda e, x=x: e / x),  # type: ignore[misc]
                ("y-x", target - column, lambda e, x=x: e + x),  # type: ignore[misc]
                ("y+x", target + column, lambda e, x=x: e - x),  # type: ignore[misc]
            ]
            for name, value, undo in joined:
                sign = 1.0 if np.all(value > 0.0) else -1.0
                size = np.where(np.all(value * sign > 0.0), np.abs(value), np.nan)
                for outer, inner in (
                    ("sqrt", size**2),
                    ("exp", np.log(size)),
                    ("log", _growth(value)),
                    *([("inv", 1.0 / value)] if name in ("y-x", "y+x") else []),
                ):
                    back = _composed(undo, _applied(outer, sign if outer in ("sqrt", "exp") else 1.0))
                    found.append(Aim(f"{outer} {name}{j}", inner, back, 3, True))
    return _usable(found, allowed)


def _composed(outer: Back, inner: Back) -> Back:
    return lambda e: outer(inner(e))


def _usable(candidates: Sequence[Aim], allowed: frozenset[int]) -> list[Aim]:
    """Those that are finite, vary, and have a way back with allowed operators."""
    probe = Expression.variable(0)
    return [
        aim
        for aim in candidates
        if np.isfinite(aim.values).all()
        and np.ptp(aim.values) > 0.0
        and respell(aim.back(probe), allowed) is not None
    ]


def _signed(name: str, sign: float, e: Expression) -> Expression:
    law = Expression.apply(name, e)
    return law if sign > 0.0 else -law


def _same_sign(ratio: FloatArray, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """A function of absolute values; NaN where the signs differ within a row of the array."""
    agree = np.all(ratio > 0.0, axis=-1, keepdims=True)
    return np.where(agree, function(np.abs(ratio)), np.nan)


def _growth(exponent: FloatArray) -> FloatArray:
    """The exponential where no row outweighs all others."""
    return np.where(np.abs(exponent) < LARGEST_EXPONENT, np.exp(exponent), np.nan)


def seconds(allowed: frozenset[int]) -> list[Second]:
    """The functions of target and first part that are tried, with allowed ways back."""
    candidates = [
        Second("t/f", lambda t, f: t / f, lambda f, e: f * e),
        Second("t*f", lambda t, f: t * f, lambda f, e: e / f),
        Second("f/t", lambda t, f: f / t, lambda f, e: f / e),
        Second("1/(t-f)", lambda t, f: 1.0 / (t - f), lambda f, e: f + Expression.apply("inv", e)),
        Second(
            "(t/f)**2", lambda t, f: _same_sign(t / f, np.square), lambda f, e: f * _signed("sqrt", 1.0, e)
        ),
        Second(
            "(t*f)**2", lambda t, f: _same_sign(t * f, np.square), lambda f, e: _signed("sqrt", 1.0, e) / f
        ),
        Second(
            "(t-f)**2", lambda t, f: _same_sign(t - f, np.square), lambda f, e: f + _signed("sqrt", 1.0, e)
        ),
        Second(
            "(f-t)**2", lambda t, f: _same_sign(f - t, np.square), lambda f, e: f - _signed("sqrt", 1.0, e)
        ),
        Second("log(t/f)", lambda t, f: _same_sign(t / f, np.log), lambda f, e: f * _signed("exp", 1.0, e)),
        Second("log(t*f)", lambda t, f: _same_sign(t * f, np.log), lambda f, e: _signed("exp", 1.0, e) / f),
        Second("log(t-f)", lambda t, f: _same_sign(t - f, np.log), lambda f, e: f + _signed("exp", 1.0, e)),
        Second("log(f-t)", lambda t, f: _same_sign(f - t, np.log), lambda f, e: f - _signed("exp", 1.0, e)),
        Second("exp(t/f)", lambda t, f: _growth(t / f), lambda f, e: f * _signed("log", 1.0, e)),
        Second("exp(t*f)", lambda t, f: _growth(t * f), lambda f, e: _signed("log", 1.0, e) / f),
        Second(
            "sqrt(t/f)", lambda t, f: _same_sign(t / f, np.sqrt), lambda f, e: f * _signed("square", 1.0, e)
        ),
        Second("asin(t/f)", lambda t, f: np.arcsin(t / f), lambda f, e: f * _signed("sin", 1.0, e)),
        Second("acos(t/f)", lambda t, f: np.arccos(t / f), lambda f, e: f * _signed("cos", 1.0, e)),
        Second("atanh(t/f)", lambda t, f: np.arctanh(t / f), lambda f, e: f * _signed("tanh", 1.0, e)),
    ]
    x, e = Expression.variable(0), Expression.variable(1)
    return [second for second in candidates if respell(second.back(x, e), allowed) is not None]
