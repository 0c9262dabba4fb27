"""Exported programs are run, and compute what the reference computes: infinities, NaN and signs included."""

import ctypes
import itertools
import json
import math
import shutil
import subprocess

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.interop.source import source
from tests.interop.agreement import REARRANGED, assert_same
from tests.strategies import (
    NAMES,
    UGLY,
    any_constants,
    expressions,
    plain_table,
    ugly_table,
)

X = np.vstack([plain_table(rows=24), ugly_table(rows=64)])
#: All pairs of awkward values, for operators alone.
PAIRS = np.array([(a, b, a) for a, b in itertools.product((*UGLY, 3.0, 1 / 3, -1 / 3), repeat=2)])
NUMBERS = (2.5, -3.0, 0.0, 1 / 3)
ODD_NAMES = ("sepal length (cm)", "λ", "lambda", "x-y", "x y", "2nd", "exp", "law", "math", "y0", "unix", "")
BATCHES = st.lists(expressions(max_leaves=7), min_size=20, max_size=20)


def single_operators():
    """Each operator on variables, on numbers, and with a number in each place; 1/e has the sign of zeros."""
    for row in OPERATORS:
        variables = [Expression.variable(k) for k in range(row.arity)]
        yield Expression.apply(row.name, *variables)
        yield 1.0 / Expression.apply(row.name, *variables)
        yield Expression.apply(row.name, *NUMBERS[: row.arity]) + variables[0]
        for place, number in itertools.product(range(row.arity), NUMBERS):
            operands = [Expression.constant(number) if k == place else v for k, v in enumerate(variables)]
            yield Expression.apply(row.name, *operands)


def odd_law():
    """Reads all columns of `ODD_NAMES` and calls functions that some of them are called like."""
    columns = [Expression.variable(k) for k in range(len(ODD_NAMES))]
    law = Expression.constant(0.0)
    for k, column in enumerate(columns):
        law = law + Expression.apply("max", column, float(k))
    return law + Expression.apply("exp", columns[6]) + Expression.apply("pow", columns[2], columns[9])


def arguments(e, X):
    return [X[:, j] for j in e.features]


def over_rows(value, X):
    """A law that reads no column gives one number for all rows."""
    return np.broadcast_to(np.asarray(value, dtype=float), len(X))


# ---------------------------------------------------------------- ways to run


def python(laws, X, names=NAMES):
    for e in laws:
        room = {}
        exec(source(e, names, "python"), room)
        yield np.array([room["law"](*row) for row in X[:, e.features].tolist()])


def numpy(laws, X, names=NAMES):
    for e in laws:
        room = {}
        exec(source(e, names, "numpy"), room)
        yield over_rows(room["law"](*arguments(e, X)), X)


@pytest.fixture(scope="module")
def c(tmp_path_factory):
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc")

    def run(laws, X, names=NAMES):
        folder = tmp_path_factory.mktemp("laws")
        texts = [source(e, names, "c", function=f"law_{k}") for k, e in enumerate(laws)]
        pieces = dict.fromkeys(piece for text in texts for piece in text.split("\n\n"))  # each helper once
        (folder / "laws.c").write_text("\n\n".join(pieces))
        strict = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-O0", "-shared", "-fPIC", "-o", "laws.so"]
        subprocess.run([compiler, *strict, "laws.c", "-lm"], cwd=folder, check=True)
        library = ctypes.CDLL(str(folder / "laws.so"))
        for k, e in enumerate(laws):
            function = library[f"law_{k}"]
            function.restype = ctypes.c_double
            function.argtypes = [ctypes.c_double] * len(e.features)
            yield np.array([function(*row) for row in X[:, e.features].tolist()])

    return run


def in_words(value):
    """JSON has no infinities and no negative zero."""
    return str(value).replace("inf", "Infinity").replace("nan", "NaN")


@pytest.fixture(scope="module")
def javascript(tmp_path_factory):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")

    def run(laws, X, names=NAMES):
        rows = json.dumps([[in_words(value) for value in row] for row in X.tolist()])
        lines = ["const rows = " + rows + ".map(row => row.map(Number)), found = [];"]
        for e in laws:
            use = f"found.push(rows.map(row => String(law(...{list(e.features)}.map(j => row[j])))));"
            lines += ["{", '"use strict";', source(e, names, "javascript"), use, "}"]
        lines += ["console.log(JSON.stringify(found));"]
        program = tmp_path_factory.mktemp("laws") / "laws.js"
        program.write_text("\n".join(lines))
        output = subprocess.run([node, str(program)], check=True, capture_output=True, text=True).stdout
        for found in json.loads(output):
            yield np.array([float(word) for word in found])

    return run


@pytest.fixture(scope="module")
def julia(tmp_path_factory):
    julia = shutil.which("julia")
    if julia is None:
        pytest.skip("needs Julia")

    def run(laws, X, names=NAMES):
        literal = ", ".join(f'"{in_words(value)}"' for value in X.ravel().tolist())
        lines = [f"rows = reshape(parse.(Float64, [{literal}]), {X.shape[1]}, {len(X)})"]
        for k, e in enumerate(laws):
            columns = ", ".join(f"rows[{j + 1}, k]" for j in e.features)
            lines += [f"module Law{k}", source(e, names, "julia"), "end"]
            lines += [f"println(join([Law{k}.law({columns}) for k in 1:{len(X)}], ' '))"]
        program = tmp_path_factory.mktemp("laws") / "laws.jl"
        program.write_text("\n".join(lines))
        output = subprocess.run([julia, str(program)], check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            yield np.array([float(word) for word in line.split()])

    return run


@pytest.fixture(
    scope="module",
    params=["python", "numpy", "c", "javascript", pytest.param("julia", marks=pytest.mark.requires_julia)],
)
def run(request):
    own = {"python": python, "numpy": numpy}
    return own.get(request.param) or request.getfixturevalue(request.param)


# ---------------------------------------------------------------- laws


def test_every_operator_on_awkward_values(run):
    laws = list(single_operators())
    for e, got in zip(laws, run(laws, PAIRS), strict=True):
        assert_same(got, e, PAIRS)


@settings(max_examples=4)
@given(laws=BATCHES)
def test_random_laws(run, laws):
    for e, got in zip(laws, run(laws, X), strict=True):
        assert_same(got, e, X)


@settings(max_examples=1)
@given(laws=st.lists(expressions(constants=any_constants, max_leaves=5), min_size=15, max_size=15))
def test_any_constants(run, laws):
    for e, got in zip(laws, run(laws, X), strict=True):
        assert_same(got, e, X)


def test_odd_names(run):
    X = plain_table(len(ODD_NAMES), rows=8)
    e = odd_law()
    (got,) = run([e], X, ODD_NAMES)
    np.testing.assert_allclose(got, evaluate(e, X), rtol=1e-12)


def test_names_that_would_end_a_comment(run):
    names = ('*/ "', '"""\n\\', "#{x} $(x) \u2028 -->")
    texts = ["x + mass*t_1", "mass - x"]
    laws = [parse(text, NAMES) for text in texts]
    for e, got in zip(laws, run(laws, X, names), strict=True):
        assert_same(got, e, X)


@settings(max_examples=40)
@given(expressions(max_leaves=7))
def test_sympy(e):
    """SymPy's own evaluation of what was built; complex values are NaN here."""
    X = plain_table(rows=4)
    with np.errstate(all="ignore"):
        expected = evaluate(e, X)
    if not np.isfinite(expected).all():
        return
    room = {}
    try:
        exec(source(e, NAMES, "sympy"), room)
    except (TypeError, ValueError, ZeroDivisionError):  # degenerate for all inputs: see `sympy_text`
        return
    used = [room[NAMES[j]] for j in e.features]
    assert all(symbol == sympy.Symbol(NAMES[j]) for symbol, j in zip(used, e.features, strict=True))
    function = sympy.lambdify(used, room["law"], "numpy")
    with np.errstate(all="ignore"):
        got = np.array([complex(function(*row)).real for row in X[:, e.features]])
    assert_same(got, e, X, REARRANGED)


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operator_in_sympy(row):
    X = np.array([[0.7, 0.3, -0.4], [-0.5, 2.5, 1.5], [2.0, 3.0, -1.0]])
    e = Expression.apply(row.name, *[Expression.variable(k) for k in range(row.arity)])
    X = X[np.isfinite(evaluate(e, X))]
    room = {}
    exec(source(e, NAMES, "sympy"), room)
    got = [room["law"].subs(dict(zip(NAMES, row, strict=True))) for row in X.tolist()]
    np.testing.assert_allclose(np.array(got, dtype=float), evaluate(e, X), rtol=1e-12)


def test_numpy_takes_what_can_be_an_array():
    room = {}
    exec(source(parse("x**2/mass", NAMES), NAMES, "numpy"), room)
    assert room["law"]([2**40, 3], [2, 0]).tolist() == [2.0**79, math.inf]
    assert room["law"](3, 2) == 4.5
    assert room["law"](np.ones((2, 1)), np.ones(3)).shape == (2, 3)


def test_python_takes_whole_numbers():
    room = {}
    exec(source(parse("x**3*mass", NAMES), NAMES, "python"), room)
    assert room["law"](10**150, 0) != room["law"](10, 1) == 1000.0


def test_sympy_of_odd_names():
    room = {}
    exec(source(odd_law(), ODD_NAMES, "sympy"), room)
    X = plain_table(len(ODD_NAMES), rows=3)
    assert len(room["law"].free_symbols) == len(ODD_NAMES)
    assert evaluate(odd_law(), X).shape == (3,)
