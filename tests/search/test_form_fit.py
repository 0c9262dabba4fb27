import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.tables import read_example
from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError, OptionError
from eqdisc.expr.form import Form
from eqdisc.expr.parse import parse
from eqdisc.search import least_squares
from eqdisc.search.form_fit import fit_form
from eqdisc.search.least_squares import Model, linear_parameters, minimise

# Certified values and standard deviations of the Statistical Reference Datasets of NIST.
CERTIFIED = {
    "misra1a": (
        "volume = b1*(1 - exp(-b2*pressure))",
        [2.3894212918e2, 5.5015643181e-4],
        [2.7070075241, 7.2668688436e-6],
    ),
    "danwood": (
        "energy = b1*temperature**b2",
        [7.6886226176e-1, 3.8604055871],
        [1.8281973860e-2, 5.1726610913e-2],
    ),
    "thurber": (
        "mobility = (b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3)",
        [
            1.2881396800e3, 1.4910792535e3, 5.8323836877e2, 7.5416644291e1, 9.6629502864e-1,
            3.9797285797e-1, 4.9727297349e-2,
        ],
        [
            4.6647963344, 3.9571156086e1, 2.8698696102e1, 5.5675370270, 3.1333340687e-2,
            1.4984928198e-2, 6.5842344623e-3,
        ],
    ),
}  # fmt: skip


def fitted(text, columns, target, seed=0, **settings):
    names = list(columns)
    table = Dataset.of(np.column_stack(list(columns.values())), target, names=names)
    return fit_form(Form.parse(text, names, target="y"), table, seed=seed, **settings)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", CERTIFIED)
def test_certified_values_are_reached_without_start_values(name, seed):
    text, values, deviations = CERTIFIED[name]
    table = read_example(name)
    form = Form.parse(text.replace("x", "log_density") if name == "thurber" else text, table.feature_names)
    fit = fit_form(form, table, seed=seed)
    np.testing.assert_allclose([fit.parameters[f"b{k + 1}"] for k in range(len(values))], values, rtol=1e-8)
    errors = [fit.standard_errors[f"b{k + 1}"] for k in range(len(values))]
    np.testing.assert_allclose(errors, deviations, rtol=1e-5)


T = np.linspace(0.0, 10.0, 200)
KELVIN = np.linspace(280.0, 380.0, 40)
DOSE = 10.0 ** np.linspace(-9.0, -5.0, 60)
YEAR = np.linspace(1900.0, 2000.0, 80)
LAWS = {
    "michaelis": ("V*s/(K + s)", {"s": T[1:] * 1e-3}, {"V": 212.7, "K": 6.4e-3}),
    "peak": (
        "A*exp(-(l - m)**2/(2*s**2)) + c", {"l": 400 + 30 * T}, {"A": 5e-7, "m": 532.0, "s": 7.5, "c": 1e-8}
    ),
    "wave": ("a*exp(-b*t)*cos(w*t + p) + c", {"t": T}, {"a": 2.0, "b": 0.3, "w": 12.0, "p": 0.7, "c": 0.5}),
    "fast wave": (
        "a*exp(-b*t)*cos(w*t + p) + c", {"t": 1e-6 * T}, {"a": 2e-9, "b": 3e5, "w": 3e7, "p": 0.7, "c": 5e-10}
    ),
    "logistic": ("K/(1 + exp(-r*(t - m)))", {"t": YEAR}, {"K": 1e9, "r": 0.12, "m": 1955.0}),
    "arrhenius": ("A*exp(-E/(8.314*T))", {"T": KELVIN}, {"A": 1e12, "E": 8e4}),
    "tiny arrhenius": ("A*exp(-E/(8.314*T))", {"T": KELVIN}, {"A": 1e-12, "E": 2e4}),
    "hill": ("top*x**n/(K**n + x**n) + low", {"x": DOSE}, {"top": 90.0, "n": 1.4, "K": 2e-7, "low": 10.0}),
    "power": ("a*u**b", {"u": 1e6 * T[1:]}, {"a": 1e-12, "b": 2.75}),
    "shared": ("a*exp(-b*t) + b*t", {"t": T}, {"a": 3.0, "b": 0.7}),
    "planck": ("a/(l**5*(exp(b/l) - 1))", {"l": 1e-6 * (0.3 + T)}, {"a": 3.7e-16, "b": 2.5e-6}),
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", LAWS)
def test_the_parameters_that_made_the_numbers_are_found(name, seed):
    text, columns, truth = LAWS[name]
    names = list(columns)
    table = np.column_stack(list(columns.values()))
    form = Form.parse(text, names)
    target = evaluate(form.expression(truth), table)
    found = fitted(text, columns, target, seed)
    np.testing.assert_allclose([found.parameters[key] for key in truth], list(truth.values()), rtol=1e-6)
    assert found.loss <= 1e-20 * np.mean(target**2)


def test_a_fit_is_repeatable_and_reports_the_law_it_scored():
    random = np.random.default_rng(1)
    target = 2.0 * np.exp(-0.3 * T) * np.cos(3.0 * T) + 0.1 * random.standard_normal(T.size)
    one, other = (fitted("a*exp(-b*t)*cos(w*t)", {"t": T}, target) for _ in range(2))
    assert one.parameters == other.parameters
    residual = target - evaluate(one.expression, T[:, None])
    assert one.loss == pytest.approx(np.mean(residual**2), rel=1e-12)


def test_one_parameter_at_two_places_is_one_parameter():
    """a*x + a*z is a line in x + z, error bars included."""
    random = np.random.default_rng(2)
    x, z = random.uniform(1.0, 5.0, (2, 60))
    target = 2.5 * (x + z) - 1.0 + 0.1 * random.standard_normal(60)
    twice = fitted("a*x - (-a)*z + b", {"x": x, "z": z}, target)
    once = fitted("a*s + b", {"s": x + z}, target)
    for name in "ab":
        assert twice.parameters[name] == pytest.approx(once.parameters[name], rel=1e-9)
        assert twice.standard_errors[name] == pytest.approx(once.standard_errors[name], rel=1e-6)
    np.testing.assert_allclose(twice.covariance, once.covariance, rtol=1e-6)
    assert sorted(twice.owners) == [0, 0, 1]


def test_the_covariance_knows_the_sign_of_a_parameter():
    """The law of exp(-b*t) has b itself as a constant, with a minus before it."""
    random = np.random.default_rng(3)
    target = 2.0 * np.exp(-0.7 * T) + 0.5 + 0.01 * random.standard_normal(T.size)
    falling = fitted("a*exp(-b*t) + c", {"t": T}, target)
    rising = fitted("a*exp(b*t) + c", {"t": T}, target, start_values={"b": -0.7})
    np.testing.assert_array_equal(falling.expression.constants, falling.values)
    sign = np.array([1.0, -1.0, 1.0])
    np.testing.assert_allclose(falling.values * sign, rising.values, rtol=1e-8)
    np.testing.assert_allclose(falling.covariance * np.outer(sign, sign), rising.covariance, rtol=1e-5)


def test_error_bars_are_those_of_many_repetitions():
    random = np.random.default_rng(4)
    fits = []
    for _ in range(60):
        target = 2.0 * np.exp(-0.7 * T) + 0.05 * random.standard_normal(T.size)
        fits.append(fitted("a*exp(-b*t)", {"t": T}, target, start_values={"a": 2.0, "b": 0.7}, starts=16))
    for name in "ab":
        spread = np.std([fit.parameters[name] for fit in fits])
        assert np.mean([fit.standard_errors[name] for fit in fits]) == pytest.approx(spread, rel=0.3)


def test_weights_count_as_repeated_rows():
    random = np.random.default_rng(5)
    x = np.linspace(0.0, 4.0, 20)
    target = np.exp(0.5 * x) + 0.1 * random.standard_normal(20)
    times = random.integers(1, 4, 20)
    form = Form.parse("a*exp(b*x)", ["x"])
    weighted = fit_form(form, Dataset.of(x[:, None], target, names=["x"], weights=times.astype(float)))
    repeated = fit_form(form, Dataset.of(np.repeat(x, times)[:, None], np.repeat(target, times), names=["x"]))
    np.testing.assert_allclose(weighted.values, repeated.values, rtol=1e-8)


def test_sigma_is_taken_at_its_word():
    x = np.linspace(1.0, 4.0, 20)
    form = Form.parse("a*x", ["x"])
    target = 2.0 * x + 0.01 * np.sin(9 * x)
    small, large = (
        fit_form(form, Dataset.of(x[:, None], target, names=["x"], sigma=np.full(20, s))) for s in (0.1, 0.3)
    )
    assert large.standard_errors["a"] == pytest.approx(3.0 * small.standard_errors["a"], rel=1e-9)
    assert small.standard_errors["a"] == pytest.approx(0.1 / np.sqrt(np.sum(x**2)), rel=1e-9)


def test_what_the_table_cannot_tell_apart_has_infinite_error_bars():
    found = fitted("a*b*x + c", {"x": T}, 3.0 * T + 1.0 + 0.1 * np.sin(40 * T))
    assert found.parameters["a"] * found.parameters["b"] == pytest.approx(3.0, rel=0.01)
    assert np.isinf([found.standard_errors["a"], found.standard_errors["b"]]).all()
    assert found.standard_errors["c"] < 0.1


def test_start_values_choose_the_optimum():
    """Of two equally good peaks the one near the start values."""
    target = np.exp(-((T - 2.0) ** 2)) + np.exp(-((T - 8.0) ** 2))
    for middle in (1.5, 8.5):
        start = {"m": middle, "a": 1.0, "s": 1.0}
        found = fitted("a*exp(-(t - m)**2/s)", {"t": T}, target, start_values=start, starts=1)
        assert abs(found.parameters["m"] - middle) < 1.0


def test_a_form_without_parameters_is_only_measured():
    found = fitted("2*t", {"t": T}, 2.0 * T + 1.0)
    assert found.parameters == {}
    assert found.loss == pytest.approx(1.0)


def test_many_rows_are_fitted_block_by_block():
    x = np.linspace(0.0, 3.0, 40_000)
    found = fitted("a*exp(b*x) + c", {"x": x}, 2.0 * np.exp(0.5 * x) - 7.0)
    np.testing.assert_allclose(found.values, [2.0, 0.5, -7.0], rtol=1e-10)


def test_blocks_of_rows_do_not_change_the_factor(monkeypatch):
    table = Dataset.of(T[:, None], np.sin(T) + 2.0, names=["t"])
    model = Model(parse("a*sin(b*t) + c", ["t", "a", "b", "c"]), 1, 3, table)
    whole = model.at(np.array([0.5, 1.1, 2.0]))
    monkeypatch.setattr(least_squares, "BLOCK_ROWS", 7)
    pieces = model.at(np.array([0.5, 1.1, 2.0]))
    np.testing.assert_allclose(np.abs(pieces.factor), np.abs(whole.factor), rtol=1e-9, atol=1e-12)
    assert pieces.loss == pytest.approx(whole.loss, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        ("a*x + b", (0, 1)),
        ("a*b*x", (0,)),
        ("a*x/(1 + b*x)", (0,)),
        ("exp(a*x)", ()),
        ("where(a*x, b, x)", (1,)),
        ("where(x, a, b)", (0, 1)),
        ("-(a - x)/2 + 3*b", (0, 1)),
        ("x/a", ()),
    ],
)
def test_linear_parameters(text, linear):
    assert linear_parameters(parse(text, ["x", "a", "b"]), 1, 2) == linear


def test_a_descent_never_ends_higher_than_it_began():
    random = np.random.default_rng(6)
    table = Dataset.of(T[:, None], np.sin(3.0 * T) + T, names=["t"])
    model = Model(parse("a*sin(b*t + c) + d*t", ["t", "a", "b", "c", "d"]), 1, 4, table)
    for start in random.normal(0.0, 3.0, (20, 4)):
        assert minimise(model, start).loss <= model.at(start).loss


@pytest.mark.parametrize(
    ("text", "settings", "error", "message"),
    [
        ("a*log(t - 20)", {}, InputError, "no finite value where t = 0"),
        ("a*f(t)", {}, InputError, "unknown functions"),
        ("a*t + b", {"start_values": {"c": 1.0}}, OptionError, "the parameters are a, b"),
        ("a*t + b", {"start_values": {"a": np.nan}}, OptionError, "finite number"),
        ("a*exp(1e3*t + 800)", {}, InputError, "no finite value where t = 0"),
    ],
)
def test_what_cannot_be_fitted(text, settings, error, message):
    with pytest.raises(error, match=message):
        fitted(text, {"t": T}, np.cos(T), **settings)


def test_more_parameters_than_rows():
    with pytest.raises(InputError, match="5 parameters and the table 4 rows"):
        fitted("a + b*t + c*t**2 + d*t**3 + g*t**4", {"t": T[:4]}, T[:4] ** 2)


def test_the_columns_must_be_those_of_the_form():
    table = Dataset.of(T[:, None], np.cos(T), names=["time"])
    with pytest.raises(OptionError, match="the columns t; the table has time"):
        fit_form(Form.parse("a*t", ["t"]), table)
