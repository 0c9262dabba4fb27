"""Elementary functions against 60-digit arithmetic, in units of the last place."""

import mpmath
import numpy as np
import pytest

from eqdisc.engine import elementary as el
from eqdisc.engine.compile import inlined
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.expr.expression import Expression

RANDOM = np.random.default_rng(11)
UGLY = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e300, -1e300, 1e-310]


def spread(low, high, n=150):
    """Numbers of both signs, evenly spread in magnitude between two powers of ten."""
    return np.concatenate([10 ** RANDOM.uniform(low, high, n), -(10 ** RANDOM.uniform(low, high, n))])


def applied(name, *columns, dtype="float64"):
    """An operator run by the compiled kernels."""
    e = Expression.apply(name, *(Expression.variable(k) for k in range(len(columns))))
    return predict_programs(Programs.pack([e]), np.column_stack(columns), dtype)[0]


def ulps(actual, exact, dtype):
    """Errors in units of the last place of the exact value."""
    with mpmath.workdps(60):
        return max(
            float(abs(mpmath.mpf(float(a)) - e)) / float(np.spacing(np.abs(dtype(float(e)))))
            for a, e in zip(actual, exact, strict=True)
        )


# name, exact, arguments (magnitudes as powers of ten), error in ulp for double and single precision
CASES = [
    ("exp", mpmath.exp, (-10, 2.8), 2.5, 1.5),
    ("log", mpmath.log, (-300, 300), 1.5, 1.5),
    ("log10", mpmath.log10, (-300, 300), 2.5, 2.5),
    ("sin", mpmath.sin, (-8, 6), 2.5, 3.0),
    ("cos", mpmath.cos, (-8, 6), 2.5, 3.0),
    ("tan", mpmath.tan, (-8, 6), 4.0, 6.0),
    ("tanh", mpmath.tanh, (-8, 2), 2.5, 5.0),
    ("sinh", mpmath.sinh, (-8, 2.8), 4.5, 1.0),
    ("cosh", mpmath.cosh, (-8, 2.8), 4.5, 1.0),
    ("atan", mpmath.atan, (-8, 8), 2.0, 1.0),
    ("asin", mpmath.asin, (-8, 0), 4.0, 1.0),
    ("acos", mpmath.acos, (-8, 0), 4.0, 1.0),
    ("cbrt", lambda v: mpmath.sign(v) * mpmath.cbrt(abs(v)), (-300, 300), 2.0, 1.0),
    ("sqrt", mpmath.sqrt, (-300, 300), 0.5, 0.5),
]


@pytest.mark.parametrize(("name", "exact", "magnitudes", "double", "single"), CASES, ids=lambda v: str(v)[:8])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_errors_stay_within_a_few_units_of_the_last_place(name, exact, magnitudes, double, single, dtype):
    low, high = magnitudes
    if dtype == np.float32:
        low, high = max(low, -30), min(high, 30 if high > 6 else 4)
    x = spread(low, high).astype(dtype)
    if name in ("log", "log10", "sqrt"):
        x = np.abs(x)
    if name in ("exp", "sinh", "cosh"):
        x = x[np.abs(x) < (700 if dtype == np.float64 else 80)]
    with mpmath.workdps(60):
        wanted = [exact(mpmath.mpf(float(v))) for v in x]
    error = ulps(applied(name, x.astype(float), dtype=np.dtype(dtype).name), wanted, dtype)
    assert error <= (double if dtype == np.float64 else single), error


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [case[0] for case in CASES])
def test_ugly_values_are_treated_as_the_c_library_treats_them(name, dtype):
    numpy_name = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}.get(name, name)
    with np.errstate(all="ignore"):
        x = np.array(UGLY).astype(dtype)
        wanted = getattr(np, numpy_name)(x).astype(float)
        actual = applied(name, x.astype(float), dtype=np.dtype(dtype).name)
    np.testing.assert_allclose(actual, wanted, rtol=1e-6 if dtype == np.float32 else 2e-14, atol=1e-300)


@pytest.mark.parametrize(("dtype", "relative"), [("float64", 1e-13), ("float32", 1e-5)])
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_large_angles(name, dtype, relative):
    """Beyond the reach of the polynomials the C library answers, among ordinary angles too."""
    x = np.array([1e9, 1.1e9, -3e15, 1e22, 1e300, 0.5] if dtype == "float64" else [2.0**40, 1e9, 1e7, 0.5])
    if dtype == "float32":
        x = x.astype(np.float32).astype(float)
    with mpmath.workdps(400):
        wanted = [float(getattr(mpmath, name)(mpmath.mpf(v))) for v in x]
    np.testing.assert_allclose(applied(name, x, dtype=dtype), wanted, rtol=relative, atol=relative)


def test_powers():
    base, exponent = np.abs(spread(-3, 3)), RANDOM.uniform(-20, 20, 300)
    with mpmath.workdps(60):
        wanted = [mpmath.mpf(b) ** mpmath.mpf(e) for b, e in zip(base, exponent, strict=True)]
    # |y log x| ulp, as its docstring says, here at most 140.
    assert ulps(applied("pow", base, exponent), wanted, np.float64) < 150
    pairs = np.array([(a, b) for a in [*UGLY, -2.0, 0.5] for b in [*UGLY, 2.0, 3.0, -3.0, 0.5, -0.5]])
    with np.errstate(all="ignore"):
        wanted = np.power(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(applied("pow", pairs[:, 0], pairs[:, 1]), wanted, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("name", ["atan2", "mod", "min", "max", "div", "mul", "add", "sub"])
def test_operators_on_pairs_of_ugly_values(name):
    numpy_name = {"atan2": "arctan2", "min": "minimum", "max": "maximum", "div": "divide", "mul": "multiply"}
    numpy_name |= {"add": "add", "sub": "subtract", "mod": "mod"}
    pairs = np.array([(a, b) for a in UGLY for b in [*UGLY, 0.3, -7.0]])
    with np.errstate(all="ignore"):
        wanted = getattr(np, numpy_name[name])(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(applied(name, pairs[:, 0], pairs[:, 1]), wanted, rtol=1e-14, atol=1e-300)


def test_sine_and_cosine_come_as_a_pair():
    @inlined
    def pair(x):
        return el.sin_cos_double(x)

    for x in (0.0, 1.0, -2.5, 12345.6):
        np.testing.assert_allclose(pair(x), (np.sin(x), np.cos(x)), rtol=1e-14, atol=1e-16)
