"""How close the values of an answer come, and how complex it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.metrics.formulas import Formula, read_formula, tidy, variables
from eqdisc.metrics.points import checked_domain
from eqdisc.metrics.worker import Failed, ask
from eqdisc.scoring.loss import mean_squared_error, r_squared

if TYPE_CHECKING:
    import sympy

ACCURATE = 0.999  # the R2 above which SRBench and SRSD call an answer accurate
_BEYOND = 0.5  # of its width: how far outside its interval an input is drawn
_WIDE = 100.0  # ratio of the limits of an interval that is left by orders of magnitude


@dataclass(frozen=True)
class Accuracy:
    """How close predictions come to a target.

    r2                  : 1 minus the mean squared error over the variance of the target; NaN where the target
                          is constant and the prediction is not perfect
    nmse                : mean squared error over the variance, 1 - r2
    max_relative_error  : largest |prediction - target| / |target|, 0 where both are 0
    mean_relative_error : its mean
    finite              : share of the predictions that are finite numbers
    """

    r2: float
    nmse: float
    max_relative_error: float
    mean_relative_error: float
    finite: float

    @property
    def accurate(self) -> bool:
        """Whether R2 is above 0.999; never with a prediction that is not finite."""
        return self.r2 > ACCURATE


def accuracy(target: FloatArray, prediction: FloatArray) -> Accuracy:
    """Accuracy of predictions.

    target, prediction : (n,), in the same units
    A prediction that is not finite makes R2 minus infinite and the errors infinite: it is as wrong as can be.
    ValueError for different lengths.

    >>> accuracy(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.4])).max_relative_error
    0.1...
    """
    wanted, given = np.asarray(target, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if wanted.shape != given.shape or wanted.ndim != 1 or not wanted.size:
        raise ValueError(f"targets have shape {wanted.shape}, predictions {given.shape}; wanted (n,) twice")
    finite = np.isfinite(given)
    if not finite.all():
        infinite = float("inf")
        return Accuracy(-infinite, infinite, infinite, infinite, float(finite.mean()))
    r2 = r_squared(wanted, given)
    errors = _relative_errors(wanted, given)
    return Accuracy(r2, 1.0 - r2, float(errors.max()), float(errors.mean()), 1.0)


def _relative_errors(wanted: FloatArray, given: FloatArray) -> FloatArray:
    difference = np.abs(given - wanted)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        errors: FloatArray = np.where(difference == 0.0, 0.0, difference / np.abs(wanted))
    return errors


def extrapolation_error(
    answer: Formula | str,
    truth: Formula | str,
    domain: Mapping[str, tuple[float, float]],
    *,
    rows: int = 500,
    seed: int = 0,
) -> float | None:
    """Normalised mean squared error of the answer outside the domain; None where the truth has no values.

    Inputs are drawn up to half a width beyond their interval, or up to tenfold beyond where it spans more
    than two orders of magnitude, at least one of them outside. Inputs without an interval are drawn from 1
    to 5. Rows where the truth is not finite are left out; infinite if the answer is not finite on a row.

    >>> extrapolation_error("x*x", "x**2", {"x": (1, 5)})
    0.0
    """
    true = _read(truth, domain)
    given = read_formula(answer, true.names) if isinstance(answer, str) else answer
    limits = checked_domain(domain, true.names)
    features = _beyond(true.names, limits, rows, np.random.default_rng(seed))
    wanted, values = evaluate(true.tree, features), evaluate(given.tree, features)
    known = np.isfinite(wanted)
    if known.sum() < 2:
        return None
    wanted, values = wanted[known], values[known]
    if not np.isfinite(values).all():
        return float("inf")
    # Values of 1e30 have squares, those of 1e-30 have too; scaled, both keep their digits.
    size = float(np.abs(wanted).max()) or 1.0
    spread = float(np.var(wanted / size))
    error = mean_squared_error(wanted / size, values / size)
    if error == 0.0:
        return 0.0
    return error / spread if spread > 0.0 else float("inf")


def _read(formula: Formula | str, domain: Mapping[str, tuple[float, float]]) -> Formula:
    if isinstance(formula, Formula):
        return formula
    return read_formula(formula, tuple(dict.fromkeys([*domain, *variables(formula)])))


def _beyond(
    names: Sequence[str], domain: Mapping[str, tuple[float, float]], rows: int, rng: np.random.Generator
) -> FloatArray:
    columns = np.empty((rows, len(names)))
    forced = rng.integers(0, max(len(names), 1), rows)  # the input that is outside in each row
    for j, name in enumerate(names):
        low, high = domain.get(name, (1.0, 5.0))
        outside = (forced == j) | (rng.random(rows) < 0.5)
        inner = rng.uniform(low, high, rows)
        if low * high > 0.0 and max(abs(low), abs(high)) >= _WIDE * min(abs(low), abs(high)):
            sign = 1.0 if low > 0.0 else -1.0
            small, large = sorted((abs(low), abs(high)))
            inner = sign * np.exp(rng.uniform(np.log(small), np.log(large), rows))
            outer = sign * large * 10.0 ** rng.uniform(0.0, 1.0, rows)
        else:
            outer = high + _BEYOND * (high - low) * rng.uniform(0.0, 1.0, rows)
            if low < 0.0:  # an input that is never negative stays so
                below = low - (outer - high)
                outer = np.where(rng.random(rows) < 0.5, outer, below)
        columns[:, j] = np.where(outside, outer, inner)
    return columns


def sympy_nodes(
    formula: "str | sympy.Basic", names: Sequence[str] | None = None, *, time_limit: float = 20.0
) -> int | None:
    """Nodes of the SymPy expression, SRBench's complexity; None where SymPy does not read it in time.

    >>> sympy_nodes("2*x + sin(x)")
    6
    """
    text = str(formula)
    read = read_formula(text, variables(text) if names is None else names)
    try:
        count: int = ask("nodes", time_limit, text=read.sympy_text, symbols=read.symbols)
    except Failed:
        return None
    return count


def used_names(expression: Expression, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the features that are left in an expression when it is tidied.

    >>> from eqdisc.expr.parse import parse
    >>> used_names(parse("x + 0*y", ["x", "y", "z"]), ["x", "y", "z"])
    ('x',)
    """
    return tuple(names[feature] for feature in tidy(expression).features)
