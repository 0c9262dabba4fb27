"""Exports for Torch and JAX: the same values, and derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.interop.source import source
from tests.interop.agreement import REARRANGED, ROUNDED, assert_same
from tests.strategies import NAMES, UGLY_FINITE, expressions, plain_table, ugly_table

# The ends of the range are left out: JAX takes 1e-308 for zero, and 1e300 mod 1e-300 is NaN in Torch.
AWKWARD = (*UGLY_FINITE, np.inf, -np.inf, np.nan, 1e200, -1e200, 1e-100)
X = np.vstack([plain_table(rows=12), ugly_table(AWKWARD, rows=48)])
SMOOTH = [
    "2.5*x**2/mass",
    "exp(-x/3)*sin(mass)",
    "max(x, 0.5)*cbrt(mass)",
    "where(x, mass**2, 3)",
    "atan2(x, 2)",
]


class Torch:
    rounded = ROUNDED | {"mod"}

    def __init__(self):
        self.torch = pytest.importorskip("torch")

    def values(self, law, columns):
        found = law(*[self.torch.from_numpy(column.copy()) for column in columns])
        return np.asarray(found)

    def derivatives(self, law, columns):
        tensors = [self.torch.tensor(column, requires_grad=True) for column in columns]
        law(*tensors).sum().backward()
        zeros = self.torch.zeros(len(columns[0]))
        return np.column_stack([zeros if tensor.grad is None else tensor.grad for tensor in tensors])

    def single(self, law, columns):
        return law(*[self.torch.from_numpy(column.astype(np.float32)) for column in columns]).dtype


class Jax:
    rounded = REARRANGED | {"subnormal"}  # XLA fuses operations, and takes the smallest numbers for zero

    def __init__(self):
        self.jax = pytest.importorskip("jax")

    def values(self, law, columns):
        with self.jax.enable_x64(True):
            return np.asarray(law(*columns))

    def derivatives(self, law, columns):
        with self.jax.enable_x64(True):
            places = tuple(range(len(columns)))
            gradients = self.jax.grad(lambda *arguments: law(*arguments).sum(), places)(*columns)
        return np.column_stack([np.asarray(column) for column in gradients])

    def single(self, law, columns):
        return law(*columns).dtype


@pytest.fixture(scope="module", params=[Torch, Jax], ids=["torch", "jax"])
def library(request):
    return request.param()


def written(e, library):
    room = {}
    exec(source(e, NAMES, type(library).__name__.lower()), room)
    return room["law"]


def values(e, X, library) -> FloatArray:
    found = library.values(written(e, library), [X[:, j] for j in e.features])
    return np.broadcast_to(found, len(X))


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operator(library, row):
    """On variables, on numbers alone, and with a number in each place."""
    variables = [Expression.variable(k) for k in range(row.arity)]
    laws = [Expression.apply(row.name, *variables)]
    laws.append(Expression.apply(row.name, *[2.5, -3.0, 0.1][: row.arity]) + variables[0])
    for place in range(row.arity):
        for value in (2.0, -3.0, 0.0, 1 / 3):
            operands = [Expression.constant(value) if k == place else v for k, v in enumerate(variables)]
            laws.append(Expression.apply(row.name, *operands))
    for e in laws:
        assert_same(values(e, X, library), e, X, library.rounded)


@settings(max_examples=40)
@given(e=expressions(max_leaves=6))
def test_random_laws(library, e):
    assert_same(values(e, X, library), e, X, library.rounded)


@pytest.mark.parametrize("text", SMOOTH)
def test_derivatives(library, text):
    e = parse(text, NAMES)
    X = plain_table(rows=10)
    expected = feature_jacobian(e, X)[1][:, e.features]
    got = library.derivatives(written(e, library), [X[:, j] for j in e.features])
    np.testing.assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize("text", SMOOTH)
def test_single_precision_stays(library, text):
    e = parse(text, NAMES)
    kind = library.single(written(e, library), [X[:3, j] for j in e.features])
    assert "float32" in str(kind)


def test_numbers_keep_their_digits(library):
    e = parse("where(x, 0.1, 1/3)", NAMES)
    np.testing.assert_array_equal(values(e, X, library), evaluate(e, X))
