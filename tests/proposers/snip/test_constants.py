"""Numbers for the holes of skeletons: what they may be, on which ranges.

Texts are in normal form (`skeleton`): the hole is the last factor of a product.
"""

import numpy as np
import pytest

from eqdisc.engine.programs import Programs
from eqdisc.engine.random import stream
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import CONSTANT, OPERATORS, VARIABLE, code_of, row_of
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.generator.constants import filled
from eqdisc.proposers.snip.generator.intervals import bound

NAMES = ["x", "y", "z"]
#: Functions and the largest argument that they may get.
BORNE = {
    "exp": 12.0, "sin": 60.0, "cos": 60.0, "tan": 1.5, "asin": 1.6, "acos": 1.6, "sinh": 8.0, "cosh": 8.0,
    "tanh": 20.0, "atan": 100.0, "floor": 1e4,
}  # fmt: skip


def fill(text, *ranges, copies=400, seed=0):
    """(copies, holes) numbers of a skeleton on the ranges of x, y, z, and which of the copies are good."""
    skeletons = Programs.pack([parse(text, NAMES)] * copies)
    low, high = (np.tile([span[k] for span in ranges], (copies, 1)).astype(float) for k in range(2))
    values, good = filled(skeletons, low, high, stream(np.random.SeedSequence(seed)))
    return values[skeletons.ops == CONSTANT].reshape(copies, -1), good


def interval(name, *operands):
    spans = np.array([*operands, (np.nan, np.nan)], float)
    last = len(operands)
    found = bound(code_of(name), max(last - 2, 0), last - 1, last, spans)
    return found, *spans[last]


# ---------------------------------------------------------------- intervals


def operands(row, rng):
    """Random intervals, and points in them where the interval of the values claims to hold."""
    spans = np.sort(rng.normal(0.0, 2.0, (row.arity, 2)), axis=1)
    if row.name in ("inv", "div") or (row.name in ("sqrt", "log", "log10", "pow") and rng.random() < 0.5):
        # None around a pole, few below the domain.
        spans[-1 if row.name == "div" else 0] = np.sort(rng.uniform(0.1, 5.0, 2))
    elif row.name in ("log", "log10", "sqrt"):
        spans[0] = -rng.uniform(0.0, 1.0), rng.uniform(0.1, 5.0)
    elif row.name == "tan":
        spans = np.clip(spans, -1.5, 1.5)
    if row.name == "pow" and spans[0, 0] < 0.0:  # whole exponents alone
        spans[1] = rng.integers(1, 6)
    points = rng.uniform(spans[:, :1], spans[:, 1:], (row.arity, 50))
    points = np.hstack([spans, points])
    if row.name in ("log", "log10"):
        points = np.maximum(points, 0.01 * spans[:, 1:])
    if row.name == "pow" and spans[0, 0] >= 0.0:
        points[0] = np.maximum(points[0], 0.02 * spans[0, 1])
    return spans, points


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_intervals_hold_the_values(row):
    rng = np.random.default_rng(0)
    for _ in range(100):
        spans, points = operands(row, rng)
        found, low, high = interval(row.name, *spans)
        assert found
        with np.errstate(invalid="ignore"):
            values = row.evaluate(*points)
        values = values[np.isfinite(values)]
        room = 1e-12 * max(abs(low), abs(high))
        assert (values >= low - room).all()
        assert (values <= high + room).all()


@pytest.mark.parametrize(
    ("name", "spans"),
    [
        ("inv", [(0.0, 0.0)]),
        ("div", [(1.0, 2.0), (0.0, 0.0)]),
        ("exp", [(0.0, 1e4)]),
        ("square", [(1.0, 1e200)]),
        ("sinh", [(-1e3, 0.0)]),
        ("pow", [(0.0, 0.0), (2.0, 2.0)]),
        ("pow", [(0.0, 1e-25), (-3.0, -3.0)]),
        ("pow", [(1e50, 1e55), (3.0, 3.0)]),
        ("pow", [(-1e55, 1.0), (6.0, 6.0)]),
        ("add", [(0.0, np.nan), (0.0, 1.0)]),
        ("mul", [(-1e40, 1.0), (0.0, 1e40)]),
        ("log", [(-2.0, -1.0)]),
        ("sqrt", [(-2.0, -1.0)]),
    ],
)
def test_what_is_undefined_or_too_large_has_no_interval(name, spans):
    assert not interval(name, *spans)[0]


def test_near_a_pole_the_interval_holds_most_values():
    found, low, high = interval("inv", (-1.0, 4.0))
    values = 1.0 / np.linspace(-1.0, 4.0, 1000)
    assert found
    assert 0.8 < ((values >= low) & (values <= high)).mean() < 1.0


# ---------------------------------------------------------------- numbers


def test_a_number_alone_has_heavy_tails_and_few_digits():
    numbers = fill("x*2", (1.0, 2.0), copies=4000)[0][:, 0]
    assert 0.16 < (numbers < 0.0).mean() < 0.24
    size = np.abs(numbers)
    assert 0.3 < np.median(size) < 4.0
    assert 0.02 < (size >= 1e8).mean() < 0.1
    assert size.max() == 1e15
    usual = [0.25, 0.5, 1.5, 2.0, 3.0, 4.0, 5.0, 10.0, 9.81, np.pi, 2.0 * np.pi, 4.0 * np.pi, 1.0 / 3.0]
    assert 0.35 < np.isin(size, usual).mean() < 0.55


@pytest.mark.parametrize("reach", [2e-15, 3e-7, 1.0, 70.0, 4e11, 2e18])
def test_half_of_the_numbers_have_few_digits(reach):
    numbers, good = fill("exp(x*2)", (-0.5 * reach, reach), copies=2000)
    assert good.mean() > 0.9
    for digits, share in ((2, 0.3), (3, 0.5)):
        few = [float(f"{number:.{digits - 1}e}") == number for number in numbers[good, 0]]
        assert abs(np.mean(few) - share) < 0.06


@pytest.mark.parametrize("name", BORNE)
def test_arguments_stay_where_functions_do_something(name):
    most = BORNE[name]
    for reach in (1e-6, 1.0, 1e9):
        numbers, good = fill(f"{name}(x*2)", (-reach, 0.3 * reach))
        argument = np.abs(numbers[good, 0]) * reach
        assert good.mean() > 0.5
        assert (argument <= most * (1.0 + 1e-12)).all()
        assert (argument >= 0.05).all()
    assert fill(f"{name}(x)", (0.0, 0.99 * most))[1].all()
    assert not fill(f"{name}(x)", (-1.01 * most, 0.0))[1].any()
    assert not fill(f"{name}(x)", (-0.01, 0.04))[1].any()


@pytest.mark.parametrize("text", ["x + y*2", "y*2 + x", "x - y*2", "y*2/z + x", "x + z*y*2"])
def test_terms_are_of_like_size(text):
    """Whichever comes first: the one with a hole is scaled to the other."""
    numbers, good = fill(text, (100.0, 1000.0), (0.001, 0.01), (0.5, 1.0))
    reach = np.abs(numbers[good, 0]) * 0.01
    assert good.all()
    ratio = np.log10(reach / 1000.0)
    assert abs(np.median(ratio)) < 0.1
    assert 0.1 < ratio.std() < 0.4


@pytest.mark.parametrize("text", ["x + 1", "1 - x", "min(x, y*2)", "where(y - 1, x, y*2)"])
def test_what_stands_beside_a_part_is_of_its_size(text):
    numbers, good = fill(text, (200.0, 1000.0), (1.0, 5.0))
    scale = 1.0 if text in ("x + 1", "1 - x") else 5.0
    ratio = np.log10(np.abs(numbers[good, -1]) * scale / 1000.0)
    assert good.all()
    assert abs(ratio).max() < 1.5


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("sqrt(x + 1)", [(-5.0, 3.0)]),
        ("log(1 - x)", [(-5.0, 3.0)]),
        ("log10(x*2)", [(1.0, 3.0)]),
        ("(x + 1)**0.5", [(-5.0, 3.0)]),
        ("sqrt(x*2/y)", [(1.0, 3.0), (1.0, 2.0)]),
        ("sqrt((x + 1)**3)", [(-5.0, 3.0)]),
    ],
)
def test_what_must_be_positive_is(text, spans):
    skeleton = parse(text, NAMES)
    numbers, good = fill(text, *spans)
    table = np.random.default_rng(0).uniform(*np.transpose(spans), (50, len(spans)))
    assert good.mean() > 0.7
    for constants in numbers[good][:100]:
        assert np.isfinite(evaluate(skeleton.with_constants(constants), table)).all()


def test_powers_of_what_may_be_negative_are_whole():
    numbers, good = fill("x**2.5", (-3.0, 2.0))
    assert good.all()
    assert set(numbers[:, 0]) == {4.0, 5.0, 6.0, -2.0, -3.0}
    positive = fill("x**2.5", (1.0, 2.0))[0]
    assert (positive % 1.0 != 0.0).any()
    assert (np.abs(positive) <= 4.0).all()


@pytest.mark.parametrize("name", ["min", "max", "mod"])
@pytest.mark.parametrize("span", [(0.0, 8.0), (2.0, 3.0), (-5.0, 4.0)])
def test_thresholds_are_inside_the_range(name, span):
    numbers, good = fill(f"{name}(x, 3)", span)
    assert good.all()
    low, high = (0.0, 0.51 * span[1]) if name == "mod" else span
    assert ((numbers > low) & (numbers < high)).all()
    assert np.ptp(numbers) > 0.3 * (high - low)


@pytest.mark.parametrize(("text", "sign"), [("where(x + 1, y, z*2)", -1.0), ("where(1 - x, y, z*2)", 1.0)])
def test_conditions_are_true_for_some_rows_alone(text, sign):
    numbers, good = fill(text, (2.0, 3.0), (1.0, 4.0), (1.0, 2.0))
    assert good.all()
    assert ((sign * numbers[:, 0] > 2.2) & (sign * numbers[:, 0] < 2.8)).all()


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("text", "span", "least", "most"),
    [
        ("sign(x)", (0.0, 5.0), 0.0, 0.0),
        ("sign(x)", (-5.0, -1.0), 0.0, 0.0),
        ("sign(x)", (-1.0, 5.0), 1.0, 1.0),
        ("log(x)", (-5.0, 0.0), 0.0, 0.0),
        ("sqrt(x)", (-5.0, 8.0), 0.0, 0.0),
        ("sqrt(x)", (-1.0, 8.0), 1.0, 1.0),
        ("1/x", (-1.0, 1.0), 0.2, 0.4),
        ("sin(x)/x", (-1.0, 1.0), 0.2, 0.4),
        ("1/x", (1.0, 2.0), 1.0, 1.0),
        ("x**x", (0.0, 2.0), 0.0, 0.0),
        ("x**x", (1.0, 7.0), 0.0, 0.0),
        ("x**x", (1.0, 5.0), 1.0, 1.0),
        ("cube(cube(x))", (0.0, 1e10), 0.0, 0.0),
        ("x*2", (0.0, 0.0), 0.0, 0.0),
        ("mod(x, 2)", (-1.0, 0.0), 0.0, 0.0),
    ],
)
def test_laws_that_are_undefined_or_do_nothing_are_refused(text, span, least, most):
    assert least <= fill(text, span)[1].mean() <= most


@pytest.fixture(scope="module")
def skeletons():
    """Of many kinds, with many inputs."""
    functions = {row.name: 1.0 for row in OPERATORS if row.arity == 1 and row.name != "neg"}
    generator = Generator(3, GeneratorSettings(functions=functions, applied=0.4))
    return Programs.pack(generator.laws(500))


def test_good_laws_have_numbers_and_values(skeletons):
    rng = np.random.default_rng(1)
    n = len(skeletons)
    low = np.where(rng.random((n, 10)) < 0.3, -1.0, 1.0) * rng.uniform(0.2, 3.0, (n, 10))
    high = np.maximum(low, 0.0) + rng.uniform(0.5, 3.0, (n, 10))
    blank = Programs(skeletons.ops, skeletons.args, np.full(len(skeletons.ops), np.nan), skeletons.offsets)
    values, good = filled(blank, low, high, stream(np.random.SeedSequence(1)))
    assert 0.4 < good.mean() < 0.95
    assert (values[skeletons.ops == VARIABLE] == 1.0).all()
    assert (values[skeletons.ops > CONSTANT] == 0.0).all()
    laws = Programs(skeletons.ops, skeletons.args, values, skeletons.offsets)
    defined = []
    for k in np.flatnonzero(good):
        nodes = slice(*skeletons.offsets[k : k + 2])
        numbers = values[nodes][skeletons.ops[nodes] == CONSTANT]
        assert np.isfinite(numbers).all()
        found = evaluate(laws.expression(k), rng.uniform(low[k], high[k], (200, 10)))
        defined.append(np.isfinite(found).mean())
    assert np.mean(defined) > 0.9
    assert np.mean(np.array(defined) > 0.5) > 0.95


def test_same_stream_same_numbers_at_once_or_one_by_one(skeletons):
    low, high = np.full((len(skeletons), 10), 0.5), np.full((len(skeletons), 10), 3.0)
    one, other = (stream(np.random.SeedSequence(7)) for _ in range(2))
    values, good = filled(skeletons, low, high, one)
    for k in range(len(skeletons)):
        single = Programs.pack([skeletons.expression(k)])
        numbers, suits = filled(single, low[:1], high[:1], other)
        assert suits[0] == good[k]
        if good[k]:
            np.testing.assert_array_equal(numbers, values[slice(*skeletons.offsets[k : k + 2])])
    assert one == other
    again, _ = filled(skeletons, low, high, one)
    holes = (skeletons.ops == CONSTANT) & np.repeat(good, np.diff(skeletons.offsets))
    assert (again[holes] != values[holes]).mean() > 0.7


def test_every_operator_is_filled(skeletons):
    assert {row_of(code).name for code in set(skeletons.ops.tolist()) - {VARIABLE, CONSTANT}} >= set(BORNE)


def test_skeletons_without_ranges_are_refused():
    skeleton = Programs.pack([parse("y*2", NAMES)])
    state = stream(np.random.SeedSequence(0))
    for low, high in ((np.ones((1, 1)), np.ones((1, 1))), (np.ones((2, 2)), np.ones((2, 2)))):
        with pytest.raises(ValueError, match="got ranges of shapes"):
            filled(skeleton, low, high, state)
    values, good = filled(Programs.pack([]), np.ones((0, 10)), np.ones((0, 10)), state)
    assert len(values) == len(good) == 0
