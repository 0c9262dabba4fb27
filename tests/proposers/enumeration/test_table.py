"""The table of distinct expressions against a plain enumerator, and what never changes it."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet, operator
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitError, propagate
from eqdisc.proposers.enumeration.dimensions import code_of_dimension
from eqdisc.proposers.enumeration.kernels import WIDTH, WILD
from eqdisc.proposers.enumeration.table import Table, capacity_for, ways

X0 = Expression.variable(0)
SIDED = ("exp", "sqrt", "log", "log10")


def rows(k, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 3.0, (WIDTH, k))


def grown(text, features, max_cost, *, capacity=50_000, threads=1, literals=(1.0,), units=None, macros=()):
    k = features.shape[1]
    operators = OperatorSet.parse(text).with_macros(macros)
    dimensions = [WILD] * k if units is None else [code_of_dimension(unit) for unit in units]
    table = Table(operators, features, range(k), literals, capacity, dimensions, max_cost)
    with ThreadPoolExecutor(threads) as pool:
        for cost in range(2, max_cost + 1):
            for _ in table.grow(cost, pool, threads):
                pass
    return table


def naive_counts(text, features, max_cost):
    """How many values there are of each cost that no cheaper expression has, up to the sign: all tried."""
    levels, known = [], []

    def new(vector):
        if not np.isfinite(vector).all() or np.ptp(vector) <= 1e-12 * np.mean(np.abs(vector)):
            return False
        return not any(
            np.allclose(vector, sign * other, rtol=1e-10, atol=0.0) for other in known for sign in (1.0, -1.0)
        )

    def add(level, vectors):
        for vector in vectors:
            if new(vector):
                known.append(vector)
                level.append(vector)

    first = []
    add(first, features.T)
    known.append(np.ones(WIDTH))
    levels = [[], [*first, np.ones(WIDTH)]]
    unary = [row for row in OperatorSet.parse(text).operators if row.arity == 1]
    costs = {way.code: way.cost for way in ways(OperatorSet.parse(text))}
    from eqdisc.expr.operators import code_of

    for cost in range(2, max_cost + 1):
        level = []
        for row in unary:
            extra = costs[code_of(row.name)]
            for less, sign in ((extra, 1.0), (extra + 1, -1.0)):
                if cost - less >= 1 and (sign > 0 or row.name in SIDED):
                    with np.errstate(all="ignore"):
                        add(level, [row.evaluate(sign * v) for v in levels[cost - less]])
        for left in range(1, cost - 1):
            for a, b in product(levels[left], levels[cost - 1 - left]):
                for name in ("add", "sub", "mul", "div"):
                    if operator(name) in OperatorSet.parse(text).operators:
                        with np.errstate(all="ignore"):
                            value = np.asarray(operator(name).evaluate(a, b))
                        if name not in ("add", "sub") or np.max(np.abs(value) / np.abs(a)) > 1e-8:
                            add(level, [value])
        levels.append(level)
    return [len(level) for level in levels[1:]]


@pytest.mark.parametrize(
    ("text", "k", "max_cost"),
    [("+ *", 1, 7), ("+ - * /", 1, 5), ("+ - * / exp", 1, 5), ("- / sqrt log", 2, 4)],
)
def test_as_many_values_as_a_plain_enumerator_finds(text, k, max_cost):
    features = rows(k)
    table = grown(text, features, max_cost)
    assert [last - first for first, last in table.levels[1:]] == naive_counts(text, features, max_cost)


def test_every_value_is_there_once_and_is_that_of_its_expression():
    features = rows(2)
    table = grown("+ - * / sqrt exp sin", features, 5)
    for index, expression in enumerate(table.expressions()):
        np.testing.assert_allclose(evaluate(expression, features), table.values[index], rtol=1e-9)
    v = table.values
    for i in range(0, len(v), 7):
        for sign in (1.0, -1.0):
            close = np.all(np.abs(v - sign * v[i]) <= 1e-11 * np.abs(v[i]), axis=1)
            assert set(np.flatnonzero(close)) <= {i}


def test_entries_stand_in_the_order_of_their_cost():
    table = grown("+ - * / exp", rows(2), 6)
    assert np.all(np.diff(table.seen.costs[: table.count]) >= 0)
    assert table.levels[-1][1] == table.count


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_nothing(threads):
    features = rows(3)
    one = grown("+ - * / exp min", features, 6, capacity=20_000)
    many = grown("+ - * / exp min", features, 6, capacity=20_000, threads=threads)
    assert one.count == many.count
    assert np.array_equal(one.values, many.values)
    for name in ("operators", "left", "right", "costs", "keys"):
        assert np.array_equal(getattr(one.seen, name)[: one.count], getattr(many.seen, name)[: one.count])


def test_there_are_never_more_than_there_is_room_for():
    table = grown("+ - * / exp", rows(3), 8, capacity=1000)
    assert table.full
    assert table.count == 1000


@pytest.mark.parametrize("memory", [2**26, 2**28])
def test_memory_is_within_the_setting(memory):
    table = grown("+", rows(1), 2, capacity=capacity_for(memory))
    taken = sum(array.nbytes for array in table.seen)
    assert 0.2 * memory < taken <= memory


def test_macros_and_rare_operators_take_part():
    table = grown("+ * atan2 floor max", rows(2), 6, macros=["bump(x) = x**2 + 0.5"])
    texts = {str(expression) for expression in table.expressions()}
    assert {"x0**2 + 0.5", "atan2(x0, x1)", "atan2(x1, x0)"} <= texts
    assert "max(x0, x1)" in texts or "max(x1, x0)" in texts


def test_only_what_has_consistent_units_is_listed():
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    units = (metre, second, metre)
    table = grown("+ - * / sqrt exp", rows(3), 5, units=units)
    free = grown("+ - * / sqrt exp", rows(3), 5)
    assert 10 < table.count < 0.5 * free.count
    codes = table.seen.dimensions
    for index, expression in enumerate(table.expressions()):
        found = propagate(expression, units, "dimensionless")
        assert code_of_dimension(found) == codes[index]
    consistent = 0
    for expression in free.expressions():
        try:
            propagate(expression, units, "dimensionless")
        except UnitError:
            continue
        consistent += 1
    assert table.count >= consistent  # the free table keeps the first of equal values, consistent or not


def test_waves_within_waves_are_not_listed():
    table = grown("+ sin cos", rows(1), 7)
    texts = [str(e) for e in table.expressions()]
    assert any("sin(" in text for text in texts)
    assert not any(text.count("sin(") + text.count("cos(") > 1 and "+" not in text for text in texts)
    assert "sin(sin(x0))" not in texts
    assert "cos(sin(x0) + x0)" not in texts


def test_a_building_block_costs_no_more_than_a_variable():
    features, names = rows(2), ["x0", "x1"]
    block, same = parse("exp(x0)/x1 + x0*x1", names), parse("1*x0", names)
    table = Table(
        OperatorSet.parse("+ * sin"), features, range(2), (1.0,), 5000, [WILD] * 4, 3, forms=(block, same)
    )
    with ThreadPoolExecutor(1) as pool:
        for cost in (2, 3):
            for _ in table.grow(cost, pool, 1):
                pass
    first, last = table.levels[1]
    leaves = [table.expression(k) for k in range(first, last)]
    assert block in leaves
    assert same not in leaves  # its values are those of a variable
    made = table.expressions()
    assert (
        parse("exp(x0)/x1 + x0*x1 + x0", names) in made or parse("x0 + (exp(x0)/x1 + x0*x1)", names) in made
    )
    for k, law in enumerate(made):
        np.testing.assert_allclose(evaluate(law, features), table.values[k], rtol=1e-12)


def test_blocks_keep_their_units_and_waves_are_not_put_into_blocks_of_waves():
    features, names = rows(2), ["x0", "x1"]
    wave, plain = parse("sin(x0)/x1", names), parse("x0 - 3*x1", names)
    metre, number = (code_of_dimension(unit) for unit in (Dimension.of(m=1), Dimension()))
    table = Table(
        OperatorSet.parse("+ sin"),
        features,
        range(2),
        (),
        5000,
        [metre, metre, number, metre],
        3,
        (wave, plain),
    )
    with ThreadPoolExecutor(1) as pool:
        for cost in (2, 3):
            for _ in table.grow(cost, pool, 1):
                pass
    made = table.expressions()
    assert Expression.apply("sin", wave) not in made
    assert Expression.apply("sin", plain) not in made  # metres have no sine
    assert {plain + X0, X0 + plain}.intersection(made)
    assert not {wave + X0, X0 + wave}.intersection(made)
