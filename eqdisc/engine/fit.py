"""Least-squares fits of constants: one expression, or a population in one call."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_double, kernel
from eqdisc.engine.opcodes import FIT
from eqdisc.engine.programs import Blocks, Programs, unpack
from eqdisc.engine.workspace import Sample, Workspace, load, sample_of, workspace
from eqdisc.expr.expression import Expression

#: A whole sample of up to this many rows is one block of the fit.
ONE_BLOCK = 1024


@dataclass(frozen=True)
class FitResult:
    """An expression with its constants at their optimum, its weighted mean squared error, accepted steps."""

    expression: Expression
    loss: float
    steps: int


@kernel
def fit_range(
    table: IntArray,
    sample: Sample,
    w: Workspace,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    offsets: IntArray,
    free_weights: bool,
    scaling: bool,
    max_attempts: int,
    tolerance: float,
    fitted: FloatArray,
    losses: FloatArray,
    lines: FloatArray,
    statistics: FloatArray,
) -> None:
    """Fit programs one after the other: losses[t], slope and intercept lines[t], statistics[t]."""
    load(sample, 0, w.buffer)
    for t in range(offsets.shape[0] - 1):
        start, stop = offsets[t], offsets[t + 1]
        given = (table, sample, w, ops, args, values, start, stop)
        settings = (free_weights, scaling, max_attempts, tolerance)
        results = (fitted[start:stop], statistics[t])
        losses[t] = call_double(table[FIT], given + settings + results)
        lines[t, 0] = w.coefficients[0]
        lines[t, 1] = w.coefficients[1]


@dataclass(frozen=True)
class PopulationFit:
    """Result of `fit_programs`: new node values, mean squared errors, slopes and intercepts, statistics."""

    values: FloatArray
    losses: FloatArray
    lines: FloatArray
    statistics: FloatArray


def fit_programs(
    programs: Programs,
    blocks: Blocks,
    *,
    free_weights: bool = False,
    scaling: bool = True,
    max_attempts: int = 10,
    tolerance: float = 1e-6,
) -> PopulationFit:
    """Fit the constants of every program by Levenberg-Marquardt; the GIL is released.

    `blocks` in double precision. With `scaling` a slope and an intercept belong to every program (columns of
    `lines`, for the centred target); otherwise only where the tree has constants for them. Where a value is
    not finite on some row the loss is infinite. Levenberg (1944), Marquardt (1963), with variable projection:
    Golub & Pereyra (1973).
    """
    from eqdisc.engine.native import addresses

    count = len(programs)
    longest = int(np.diff(programs.offsets).max(initial=1))
    result = PopulationFit(
        programs.values.copy(), np.full(count, np.inf), np.zeros((count, 2)), np.zeros((count, 4))
    )
    fit_range(
        addresses(),
        sample_of(blocks),
        workspace(blocks.n_features, blocks.size, longest),
        programs.ops,
        programs.args,
        programs.values,
        programs.offsets,
        free_weights,
        scaling,
        max_attempts,
        tolerance,
        result.values,
        result.losses,
        result.lines,
        result.statistics,
    )
    result.losses[:] /= blocks.n_rows
    return result


def fit_constants(
    expression: Expression,
    features: FloatArray,
    target: FloatArray,
    weights: FloatArray | None = None,
    max_steps: int = 50,
) -> FitResult:
    """Bring all constants of one expression to their least-squares optimum, from their present values.

    features (n, k), target (n,), weights (n,) or None. The structure stays; a start that is not finite on
    some row is returned as it is with an infinite loss.

    >>> import numpy as np
    >>> x = np.linspace(0, 2, 50)[:, None]
    >>> growth = Expression.apply("exp", Expression.constant(0.5) * Expression.variable(0))
    >>> fitted = fit_constants(Expression.constant(1.0) * growth, x, 3 * np.exp(0.7 * x[:, 0]))
    >>> np.round(fitted.expression.constants, 6).tolist()
    [3.0, 0.7]
    """
    size = ONE_BLOCK if len(target) <= ONE_BLOCK else 512
    programs = Programs.pack([expression])
    # The target is not centred: without a free intercept its mean matters.
    blocks = Blocks.of(features, target, weights, block=size, centered=False)
    found = fit_programs(programs, blocks, scaling=False, max_attempts=max_steps, tolerance=1e-10)
    fitted = unpack(programs.ops, programs.args, found.values, 0, len(programs.ops))
    return FitResult(fitted, float(found.losses[0]), int(found.statistics[0, 1]))
