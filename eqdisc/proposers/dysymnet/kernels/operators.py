"""Which operators can be units of a network, and what each does to the weights that enter it."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, Int32Array
from eqdisc.engine import opcodes as op
from eqdisc.expr.operators import OperatorSet


class Unit(NamedTuple):
    """An operator as a unit: operation of the tape, arguments, degree, offset.

    degree   : of homogeneity in each argument, op(s*u) = s**degree * op(u); 0 for none. There a scale of the
               argument can be pushed downstream: one incoming weight is held
    offset   : whether an offset of the argument means anything (exp(u + c) is a scale)
    positive : whether the operator wants positive arguments
    """

    operation: int
    arity: int = 1
    degree: tuple[float, float] = (0.0, 0.0)
    offset: bool = True
    positive: bool = False


#: A weighted sum as a unit, the paper's id, + and -.
LINEAR = op.T_SUM
UNITS: dict[str, Unit] = {
    "id": Unit(LINEAR, 1, (1.0, 0.0), False),
    "mul": Unit(op.T_MULC, 2, (1.0, 1.0)),
    "div": Unit(op.T_DIVC, 2, (1.0, -1.0)),
    "inv": Unit(op.T_INVC, 1, (-1.0, 0.0)),
    "square": Unit(op.T_SQUAREC, 1, (2.0, 0.0)),
    "cube": Unit(op.T_CUBE, 1, (3.0, 0.0)),
    "sqrt": Unit(op.T_SQRT, 1, (0.5, 0.0), positive=True),
    "cbrt": Unit(op.T_CBRT, 1, (1.0 / 3.0, 0.0)),
    "abs": Unit(op.T_ABS, 1, (1.0, 0.0)),
    "pow": Unit(op.T_POW, 2, (0.0, 0.0), positive=True),
    "exp": Unit(op.T_EXP, 1, offset=False),
    "log": Unit(op.T_LOG, 1, positive=True),
    "log10": Unit(op.T_LOG, 1, positive=True),
    "sin": Unit(op.T_SIN),
    "cos": Unit(op.T_COS),
    "tan": Unit(op.T_TAN),
    "asin": Unit(op.T_ASIN),
    "acos": Unit(op.T_ACOS),
    "atan": Unit(op.T_ATAN),
    "sinh": Unit(op.T_SINH),
    "cosh": Unit(op.T_COSH),
    "tanh": Unit(op.T_TANH),
    "atan2": Unit(op.T_ATAN2, 2),
    "min": Unit(op.T_MIN, 2),
    "max": Unit(op.T_MAX, 2),
}
#: What a weighted sum does already.
SUMS = ("add", "sub", "neg")


class UnitTable(NamedTuple):
    """The unit operators of a run, as columns for the kernels, in the order of their names."""

    operations: Int32Array
    arities: Int32Array
    degrees: FloatArray
    offsets: BoolArray
    positive: BoolArray


def unit_table(names: tuple[str, ...]) -> UnitTable:
    """The columns of the operators of these names.

    >>> unit_table(("sin", "mul")).arities.tolist()
    [1, 2]
    """
    rows = [UNITS[name] for name in names]
    return UnitTable(
        np.array([row.operation for row in rows], np.int32),
        np.array([row.arity for row in rows], np.int32),
        np.array([row.degree for row in rows], float).reshape(-1, 2),
        np.array([row.offset for row in rows], np.bool_),
        np.array([row.positive for row in rows], np.bool_),
    )


def usable_units(operators: OperatorSet) -> dict[str, float]:
    """The operators that can be units, by name, and how often each is to be drawn.

    Of log and log10 one will do. A power is a unit too where it can be written as exp(b*log(a)): with an
    exponent that is fitted it reaches in one step what is a chain of three units otherwise.

    >>> usable_units(OperatorSet.of("add", "mul", "sin"))
    {'mul': 1.0, 'sin': 0.5}
    """
    weights = {name: weight for name, weight in operators.weights.items() if name in UNITS and weight > 0.0}
    if "log" in weights:
        weights.pop("log10", None)
        if "exp" in weights:
            weights.setdefault("pow", min(weights["exp"], weights["log"]))
    return weights
