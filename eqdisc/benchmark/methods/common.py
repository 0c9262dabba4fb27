"""What the contestants share: answers made of expressions, the clock, and whether a package is there."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import metadata, util
from typing import Any

import numpy as np

from eqdisc.benchmark.method import Answer, Budget
from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.simplify import simplify
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text
from eqdisc.scoring.loss import mean_squared_error

_NEAR = 1.1
_FEW = 60  # rows: eqdisc itself holds out none below


class Clock:
    """The seconds that are left of a budget, from the moment this is made."""

    def __init__(self, budget: Budget) -> None:
        self._end = time.monotonic() + budget.seconds

    def left(self) -> float:
        """Seconds left; below zero when over."""
        return self._end - time.monotonic()


def missing_package(module: str, extra: str = "bench") -> str | None:
    """Why a method cannot run for want of a package, and what to install; None where it is there.

    >>> missing_package("no_such_package")
    'no_such_package is not installed; pip install "eqdisc[bench]"'
    """
    if util.find_spec(module) is not None:
        return None
    return f'{module} is not installed; pip install "eqdisc[{extra}]"'


def package_version(distribution: str) -> str:
    """The installed version, `none` where there is none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"


def working_units(train: Dataset) -> tuple[Dataset, Scaling]:
    """The table with columns of extreme size multiplied by powers of two, and the way back.

    eqdisc does this for itself. Its contestants get it too: some work in single precision, where 1e-40 is
    zero, and some add penalties of fixed size to an error that has the units of the target.
    """
    scaling = Scaling.of(train)
    return scaling.apply(train), scaling


def restored(expression: Expression, scaling: Scaling) -> Expression:
    """A law in working units as a law in those of the table."""
    return expression if scaling.is_identity else simplify(scaling.restore(expression))


def split(train: Dataset, validation: Dataset | None, seed: int) -> tuple[Dataset, Dataset]:
    """Rows to search on, in random order, and rows to choose by: those for validation, else a quarter.

    Of a small table all rows serve for both.
    """
    order = np.random.default_rng(seed).permutation(train.n_rows)
    if validation is not None or train.n_rows < _FEW:
        return train.take(order), validation or train
    held = train.n_rows // 4
    return train.take(order[held:]), train.take(order[:held])


def shortest_good(laws: Sequence[Expression], judged: Dataset, floor: float) -> Expression | None:
    """The shortest law whose error is not much above the least; None where none is finite on those rows.

    floor : share of the variance below which errors count as the same: the rounding of the package

    One rule for all that return a front without a rule that fits tables without noise.
    """
    variance = float(np.var(judged.target))
    errors = {}
    for law in sorted(laws, key=len):
        with np.errstate(all="ignore"):
            value = evaluate(law, judged.features)
        error = mean_squared_error(judged.target, value, judged.weights)
        if np.isfinite(error):
            errors[law] = error
    limit = max(_NEAR * min(errors.values(), default=0.0), floor * variance)
    return next((law for law, error in errors.items() if error <= limit), None)


def law_answer(expression: Expression, train: Dataset, details: Mapping[str, Any]) -> Answer:
    """An answer whose text and values are those of one expression over the columns of the table."""
    names = train.feature_names
    symbols = symbol_names(names)
    text = sympy_text(expression, [symbols[name] for name in names])
    return Answer(text, partial(evaluate, expression), {"complexity": expression.size, **details})


def implicit_answer(expression: Expression, names: Sequence[str], details: Mapping[str, Any]) -> Answer:
    """An answer that says where an expression of the coordinates of points is zero."""
    symbols = symbol_names(names)
    text = sympy_text(expression, [symbols[name] for name in names])
    facts = {"complexity": expression.size, **details}
    return Answer(text, partial(evaluate, expression), facts, form="implicit")


def mean_law(train: Dataset) -> Expression:
    """The mean of the target, as a constant law."""
    return Expression.constant(float(np.average(train.target, weights=train.weights)))


def left_out(train: Dataset) -> dict[str, Any]:
    """What a method that knows no weights has to record where the table has some."""
    return {"left_out": ["weights"]} if train.weights is not None else {}


def variable(feature: int, weight: float = 1.0) -> Expression:
    """weight * feature; the feature alone where the weight is 1."""
    leaf = Expression.variable(feature)
    return leaf if weight == 1.0 else Expression.apply("mul", Expression.constant(weight), leaf)
