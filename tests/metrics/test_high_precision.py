"""Values with many digits agree with the reference evaluator, operator by operator."""

import numpy as np
import pytest
from hypothesis import given, settings

from eqdisc.engine.reference import constant_jacobian, evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.metrics.high_precision import HighPrecision, movable_constants
from tests.strategies import SMOOTH_NAMES, expressions

VALUES = (-2.5, -1.0, -0.3, 0.0, 0.4, 1.0, 2.0, 3.7)


def value(expression: Expression, point: list[float]) -> float:
    arithmetic = HighPrecision()
    numbers = [arithmetic.number(x) for x in point]
    constants = [arithmetic.number(c) for c in expression.constants.tolist()]
    return float(arithmetic.evaluate(expression, numbers, constants)[0])


@pytest.mark.parametrize("name", [row.name for row in OPERATORS])
def test_every_operator_means_what_the_reference_means(name: str) -> None:
    arity = next(row.arity for row in OPERATORS if row.name == name)
    expression = Expression.apply(name, *map(Expression.variable, range(arity)))
    rng = np.random.default_rng(0)
    for point in rng.choice(VALUES, (60, arity)).tolist():
        expected = float(evaluate(expression, np.array([point]))[0])
        if np.isinf(expected):  # a pole is no real number here
            continue
        assert value(expression, point) == pytest.approx(expected, rel=1e-14, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(expressions(SMOOTH_NAMES))
def test_bound_covers_what_constants_do(expression: Expression) -> None:
    point = [1.3, 0.7, 2.1]
    features = np.array([point])
    plain, jacobian = constant_jacobian(expression, features)
    if not np.isfinite(plain).all() or not np.isfinite(jacobian).all():
        return
    arithmetic = HighPrecision()
    constants = [arithmetic.number(c) for c in expression.constants.tolist()]
    numbers = [arithmetic.number(x) for x in point]
    exact, bound = arithmetic.evaluate(expression, numbers, constants, sensitive=True)
    if not arithmetic.context.isfinite(exact) or abs(jacobian).max(initial=0.0) > 1e100:
        return
    free = np.array(movable_constants(expression), dtype=bool)
    effect = float(np.abs(jacobian[0] * expression.constants)[free].sum())
    assert float(bound) >= effect * (1.0 - 1e-6) - 1e-12


def test_digits_survive_cancellation() -> None:
    expression = parse("1 - cos(x)", ["x"])
    assert value(expression, [1e-20]) == pytest.approx(5e-41, rel=1e-12)
    assert np.isinf(value(parse("exp(exp(exp(x)))", ["x"]), [10.0]))
