"""To SymPy and back. Text for SymPy is written without importing it."""

import keyword
import math
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdisc.errors import InputError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import feature_name, render
from eqdisc.expr.operators import (
    ADD,
    ATOM,
    CONSTANT,
    DIV,
    INV,
    MINUS,
    MOD,
    MUL,
    NEG,
    OPERATORS,
    SQRT,
    SUB,
    VARIABLE,
    WHERE,
    row_of,
)
from eqdisc.interop.identifiers import identifiers
from eqdisc.interop.sympy_names import TAKEN

if TYPE_CHECKING:
    import sympy

# SymPy computes with exact integers: 1000 is harmless, towers of large ones would never end.
_LARGEST_INTEGER = 1000.0
_MOST_VALUES = 64
# Operations on numbers that stay as they are written; others are replaced by their value.
_KEPT = (ADD, SUB, MUL, DIV, NEG, INV, SQRT)


def sympy_text(expression: Expression, symbols: Sequence[str]) -> str:
    """Pure SymPy text of an expression, numbers with all their digits.

    Wherever the expression has a finite value, `sympy.sympify(text)` evaluates to it, whatever the operators:
    cbrt of negatives, mod, where and min included. `symbols` are the names of the features, as made by
    `symbol_names`. `eqdisc.expr.parse` reads the text too. Operations on numbers without a real value become
    nan or oo; of formulas that are degenerate for all inputs, such as max(x, log(x - x)), SymPy itself may
    refuse the text: simplify them first.

    >>> x = Expression.variable(0)
    >>> sympy_text(Expression.apply("log10", x * x) + Expression.apply("where", x, 1.5, x), ["t"])
    'log(t*t, 10) + Piecewise((1.5, t > 0), (t, True))'
    """

    def leaf(code: int, payload: float) -> tuple[str, int]:
        if code == VARIABLE:
            return feature_name(symbols, int(payload)), ATOM
        return _number(payload), MINUS if payload < 0.0 else ATOM

    codes, payload = _numbers_folded(_decided(expression))
    return render(codes, payload, leaf, lambda row, last: row.sympy)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "oo" if value > 0.0 else "-oo"
    whole = value.is_integer() and abs(value) <= _LARGEST_INTEGER
    return str(int(value)) if whole else repr(value)


def _decided(expression: Expression) -> Expression:
    """Without each `where` whose condition only ever is one of a few numbers, none of them positive.

    SymPy finds these numbers too, asin(-1.3) among them, and refuses to compare them with 0.
    """
    if WHERE not in expression.codes:
        return expression
    children = [_decided(child) for child in expression.children]
    if expression.root == WHERE and children[0].features:
        values = _only_values(children[0])
        if values is not None and not any(value > 0.0 for value in values):
            return children[2]
    return Expression.apply(expression.root, *children)


def _only_values(expression: Expression) -> set[float] | None:
    """The numbers that an expression with features is limited to, NaN aside; None for more than a few."""
    if not expression.arity_root:
        return None if expression.features else {expression.payload[0]}
    children = expression.children
    if expression.root in (SUB, MOD) and children[0] == children[1]:
        return {0.0}
    known = [_only_values(child) for child in children]
    if expression.root == WHERE:
        branches = [values for values in known[1:] if values is not None]
        return branches[0] | branches[1] if len(branches) == 2 else None
    operands = [values for values in known if values is not None]
    if len(operands) < len(known) or math.prod(map(len, operands)) > _MOST_VALUES:
        return None
    with np.errstate(all="ignore"):
        evaluate = row_of(expression.root).evaluate
        return {float(evaluate(*map(np.float64, numbers))) for numbers in product(*operands)}


def _numbers_folded(expression: Expression) -> tuple[list[int], list[float]]:
    """Codes and payload in which operations on numbers alone are replaced by their (maybe infinite) value.

    SymPy would compute them exactly, without end or with complex numbers: 9**9**9, log(-2).
    """
    codes: list[int] = []
    payload: list[float] = []
    pieces: list[tuple[int, float | None]] = []  # start in `codes` and, for a number, the value
    with np.errstate(all="ignore"):
        for code, own in zip(expression.codes, expression.payload, strict=True):
            start, value = len(codes), own if code == CONSTANT else None
            if code == WHERE and pieces[-3][1] is not None:
                _keep_branch(codes, payload, pieces)
                continue
            if code not in (VARIABLE, CONSTANT):
                row = row_of(code)
                operands = pieces[-row.arity :]
                del pieces[-row.arity :]
                start = operands[0][0]
                known = [number for _, number in operands if number is not None]
                if len(known) == row.arity:
                    value = float(row.evaluate(*(np.float64(number) for number in known)))
                elif _is_undefined(code, known, operands[-1][1]):
                    value = math.nan
            if value is not None and (code not in _KEPT or not math.isfinite(value)):
                del codes[start:], payload[start:]
                code, own = CONSTANT, value
            codes.append(code)
            payload.append(own)
            pieces.append((start, value))
    return codes, payload


def _is_undefined(code: int, known: list[float], last: float | None) -> bool:
    """NaN whatever the other operand: SymPy raises an error for Min(x, nan) and Mod(x, 0)."""
    return code != WHERE and (any(math.isnan(number) for number in known) or (code == MOD and last == 0.0))


def _keep_branch(codes: list[int], payload: list[float], pieces: list[tuple[int, float | None]]) -> None:
    """Replace a `where` of a number, given as its last three pieces, by the branch chosen."""
    (start, condition), (first, first_value), (second, second_value) = pieces[-3:]
    taken = condition is not None and condition > 0.0
    branch = slice(first, second) if taken else slice(second, len(codes))
    codes[start:], payload[start:] = codes[branch], payload[branch]
    pieces[-3:] = [(start, first_value if taken else second_value)]


def to_sympy(expression: Expression, symbols: Sequence[str]) -> "sympy.Expr":
    """The expression as a SymPy object over plain symbols, equal to sympify(sympy_text(...)).

    >>> to_sympy(2.0 * Expression.variable(0), ["mass"])
    2*mass
    """
    import sympy

    plain = {name: sympy.Symbol(name) for name in symbols}
    result: sympy.Expr = sympy.sympify(sympy_text(expression, symbols), locals=plain)
    return result


def symbol_names(columns: Iterable[str]) -> dict[str, str]:
    """A symbol for each column name: an identifier, unique, and read by `sympify` as a plain symbol.

    >>> symbol_names(["mass", "sepal length (cm)", "lambda", "E", "2nd"])
    {'mass': 'mass', 'sepal length (cm)': 'sepal_length_cm', 'lambda': 'lambda_', 'E': 'E_', '2nd': 'x2nd'}
    """
    names = list(columns)
    return dict(zip(names, identifiers(names, TAKEN.union(keyword.kwlist)), strict=True))


# ---------------------------------------------------------------- from SymPy

# SymPy's function -> operator, from the rows that are written as a plain call.
_CALLS = {
    row.sympy.template.split("(")[0]: row.name
    for row in OPERATORS
    if re.fullmatch(r"\w+\(#1(, #2)?\)", row.sympy.template)
}


def from_sympy(expression: Any, names: Sequence[str]) -> Expression:
    """A SymPy expression over the features called `names`; InputError for what has no operator here.

    >>> import sympy
    >>> from_sympy(sympy.sympify("2*exp(-t)/3"), ["t"])
    <Expression 2*exp(-x0)/3>
    """
    import sympy

    if expression.is_Symbol:
        if expression.name not in names:
            raise InputError(f"the symbol '{expression.name}' is none of the features {', '.join(names)}")
        return Expression.variable(list(names).index(expression.name))
    if expression.is_Rational and not expression.is_Integer:
        return Expression.constant(float(expression.p)) / float(expression.q)
    if expression.is_number and expression.is_real and not expression.args:
        return Expression.constant(float(expression))
    if expression.is_Add:
        return _sum([from_sympy(term, names) for term in expression.as_ordered_terms()])
    if expression.is_Mul:
        return _product(expression, names)
    if expression.is_Pow:
        return _power(expression, names)
    if isinstance(expression, sympy.Piecewise):
        return _piecewise(expression, names)
    return _applied(type(expression).__name__, [from_sympy(a, names) for a in expression.args], expression)


def _applied(function: str, operands: list[Expression], expression: Any) -> Expression:
    if function == "ceiling":
        return -Expression.apply("floor", -operands[0])
    name = _CALLS.get(function)
    if name is None:
        raise InputError(f"SymPy's '{function}' in {expression} has no operator in eqdisc")
    if name in ("min", "max"):
        return reduce(lambda a, b: Expression.apply(name, a, b), operands)
    return Expression.apply(name, *operands)


def _sum(terms: list[Expression]) -> Expression:
    total = terms[0]
    for term in terms[1:]:
        total = total - term.children[0] if term.root == NEG else total + term
    return total


def _product(expression: Any, names: Sequence[str]) -> Expression:
    import sympy

    factors = list(expression.args)
    above: list[Expression] = []
    below: list[Expression] = []
    negative = False
    for factor in factors:
        root = _cube_root(factor, factors)
        if root == "part":
            continue
        if factor in (-1, -1.0):
            negative = not negative
        elif factor.is_Rational and not factor.is_Integer:
            negative ^= factor.p < 0
            above.extend([Expression.constant(float(abs(factor.p)))] if abs(factor.p) != 1 else [])
            below.append(Expression.constant(float(factor.q)))
        elif factor.is_Pow and factor.exp.is_number and factor.exp.could_extract_minus_sign():
            below.append(from_sympy(sympy.Pow(factor.base, -factor.exp), names))
        elif root is not None:
            above.append(Expression.apply("cbrt", from_sympy(root, names)))
        else:
            above.append(from_sympy(factor, names))
    product = reduce(lambda a, b: a * b, above) if above else Expression.constant(1.0)
    product = product / reduce(lambda a, b: a * b, below) if below else product
    return -product if negative else product


def _cube_root(factor: Any, factors: list[Any]) -> Any:
    """x for the sign(x) of a product sign(x)*Abs(x)**(1/3), "part" for its other factor, None elsewhere."""
    import sympy

    third = sympy.Rational(1, 3)
    if isinstance(factor, sympy.sign) and sympy.Abs(factor.args[0]) ** third in factors:
        return factor.args[0]
    is_root = factor.is_Pow and factor.exp == third and isinstance(factor.base, sympy.Abs)
    return "part" if is_root and sympy.sign(factor.base.args[0]) in factors else None


def _power(expression: Any, names: Sequence[str]) -> Expression:
    import sympy

    base, exponent = expression.as_base_exp() if expression.base.is_Rational else expression.args
    if exponent.is_Number and exponent.could_extract_minus_sign():
        return Expression.apply("inv", from_sympy(sympy.Pow(base, -exponent), names))
    simple = {2: "square", 3: "cube", sympy.Rational(1, 2): "sqrt"}.get(exponent)
    if simple is not None:
        return Expression.apply(simple, from_sympy(base, names))
    return Expression.apply("pow", from_sympy(base, names), from_sympy(exponent, names))


def _piecewise(expression: Any, names: Sequence[str]) -> Expression:
    branches = list(expression.args)
    if branches[-1][1] != True:  # noqa: E712  (a SymPy truth value)
        raise InputError(f"{expression} has no branch for all other values; end it with (value, True)")
    result = from_sympy(branches[-1][0], names)
    for value, condition in reversed(branches[:-1]):
        if not getattr(condition, "is_Relational", False) or condition.rel_op not in (">", "<", ">=", "<="):
            raise InputError(f"the condition {condition} of {expression} is no comparison such as x > 0")
        excess = from_sympy(condition.gts - condition.lts, names)
        chosen, other = from_sympy(value, names), result
        if condition.rel_op in (">=", "<="):  # a >= b unless b - a > 0
            excess, chosen, other = from_sympy(condition.lts - condition.gts, names), other, chosen
        result = Expression.apply("where", excess, chosen, other)
    return result
