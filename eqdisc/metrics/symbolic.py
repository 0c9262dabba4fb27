"""What the judge asks of SymPy. Runs in the process of `eqdisc.metrics.worker`; imports SymPy at once."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy
from sympy.utilities.misc import func_name

from eqdisc.metrics.tree_distance import Tree, tree_distance

_SIMPLE_DENOMINATOR = 12
_CLOSE = 1e-6  # relative: a fitted number this near to a simple fraction is taken for it


def _read(text: str, symbols: Sequence[str]) -> sympy.Expr:
    return sympy.sympify(text, locals={name: sympy.Symbol(name) for name in symbols})


def _tree(expression: sympy.Expr, number: Callable[[sympy.Expr], str], whole_numbers: bool) -> Tree:
    """The tree SymPy holds, n-ary sums and products as they are, children in SymPy's order.

    whole_numbers : a numeric subexpression such as sqrt(2) is one leaf; else its parts are nodes too
    """
    labels: list[str] = []
    sizes: list[int] = []

    def visit(node: Any) -> None:
        start = len(labels)
        is_number = bool(node.is_number)
        if not (is_number and whole_numbers):
            for child in node.args:
                visit(child)
        if is_number:
            labels.append(number(node))
        else:
            labels.append(str(node) if node.is_Symbol else func_name(node))
        sizes.append(len(labels) - start)

    visit(expression)
    return Tree(tuple(labels), tuple(sizes))


# ---------------------------------------------------------------- SRSD's distance


@lru_cache(maxsize=512)
def _srsd_tree(text: str, symbols: tuple[str, ...]) -> Tree:
    """The chain of SRSD's eq_comparator, step by step (Matsubara et al., arXiv 2206.10540)."""
    plain = _read(str(_read(text, symbols)), symbols)
    pi = sympy.pi
    shortened = plain.subs(pi, pi.evalf()).evalf().factor().simplify().subs(1.0, 1)
    return _tree(_read(str(shortened), symbols), lambda node: "Const", whole_numbers=False)


def srsd(answer: str, truth: str, symbols: Sequence[str]) -> float:
    """min(distance, nodes of the truth) / nodes of the truth, of the canonicalised trees."""
    return _normalized(_srsd_tree(answer, tuple(symbols)), _srsd_tree(truth, tuple(symbols)))


def _normalized(answer: Tree, truth: Tree) -> float:
    if len(answer) >= 2 * len(truth):  # each node too many is a deletion
        return 1.0
    return min(tree_distance(answer, truth), len(truth)) / len(truth)


# ---------------------------------------------------------------- our distance


def closest_forms(answer: str, truth: str, symbols: Sequence[str], positive: bool, quick: bool) -> float:
    """Smallest normalised distance between a form of the answer and a form of the truth.

    Numbers are labelled by their value (6 digits), so that x**2 and x**3 differ.
    """
    ways = _QUICK if quick else _ALL
    known = [_forms(text, tuple(symbols), positive, ways) for text in (answer, truth)]
    return min(_normalized(one, other) for one in known[0] for other in known[1])


@lru_cache(maxsize=512)
def _forms(text: str, symbols: tuple[str, ...], positive: bool, ways: tuple[str, ...]) -> tuple[Tree, ...]:
    declared = {
        sympy.Symbol(name): sympy.Symbol(name, positive=True if positive else None, real=True)
        for name in symbols
    }
    expression = _snapped(_read(text, symbols)).subs(declared)
    found = dict.fromkeys(
        _tree(form, _value_label, whole_numbers=True) for form in _rewritten(expression, ways)
    )
    return tuple(found)


def _rewritten(expression: sympy.Expr, ways: Sequence[str]) -> Iterator[sympy.Expr]:
    yield expression
    for way in ways:
        try:
            yield _WAYS[way](expression)
        except (ArithmeticError, AttributeError, NotImplementedError, TypeError, ValueError):
            continue  # SymPy cannot rewrite it so


_WAYS: dict[str, Callable[[Any], Any]] = {
    "expanded": sympy.expand,
    "factored": lambda e: sympy.factor(sympy.together(e)),
    "joined": lambda e: sympy.powsimp(sympy.logcombine(e)),
    "simplified": sympy.simplify,
}
_QUICK = ("expanded", "joined")
_ALL = tuple(_WAYS)


def _value_label(node: sympy.Expr) -> str:
    value = complex(node.evalf())
    return f"{value.real:.5e}" if value.imag == 0.0 else "number"


def _snapped(expression: sympy.Expr, close: float = _CLOSE) -> sympy.Expr:
    """Decimals that are simple fractions, whole numbers or such multiples of pi within rounding, as these."""
    exact = {number: _simple(number, close) for number in expression.atoms(sympy.Float)}
    return expression.xreplace(exact)


def _simple(number: sympy.Float, near: float) -> sympy.Expr:
    value = float(number)
    if abs(value) > 1e15 or value == 0.0 or value != value:
        return number
    for unit, close in ((sympy.Integer(1), near), (sympy.pi, 1e-12)):
        ratio = value / float(unit)
        fraction = Fraction(ratio).limit_denominator(_SIMPLE_DENOMINATOR)
        if abs(float(fraction) - ratio) <= close * abs(ratio):
            return sympy.Rational(fraction.numerator, fraction.denominator) * unit
    return number


# ---------------------------------------------------------------- proofs and verdicts of others


def prove(answer: str, truth: str, symbols: Sequence[str], positive: bool) -> str | None:
    """Whether SymPy shows the two "equal", or equal up to an "offset" or a "factor"; None if it does not."""
    declared = {
        sympy.Symbol(name): sympy.Symbol(name, positive=True if positive else None, real=True)
        for name in symbols
    }
    a, t = (_snapped(_read(text, symbols)).subs(declared) for text in (answer, truth))
    if sympy.nan in (a, t):
        return None
    difference = sympy.simplify(a - t)
    if difference == 0:
        return "equal"
    if not a.free_symbols or not t.free_symbols:
        return None
    if difference.is_number and difference.is_finite:
        return "offset"
    ratio = sympy.simplify(t / a)
    return "factor" if ratio.is_number and ratio.is_finite and ratio != 0 else None


def rewritten(text: str, symbols: Sequence[str], tolerance: float) -> list[str]:
    """The formula in other words, its constants simple numbers where they are that within the tolerance."""
    expression = _snapped(_read(text, symbols), tolerance)
    merged = _snapped(expression, tolerance)  # like terms have joined their numbers
    return [str(form) for form in dict.fromkeys(_rewritten(merged, _QUICK))]


def srbench(answer: str, truth: str, symbols: Sequence[str]) -> bool:
    """SRBench's own rule, numbers rounded to three decimals and all (La Cava et al., arXiv 2107.14351)."""
    pi = sympy.Float("3.1415926535")
    model, true_model = (_read(text, symbols).subs(sympy.pi, pi) for text in (answer, truth))
    cleaned = _srbench_rounded(sympy.simplify(model, ratio=1))
    if str(cleaned) in ("0", "nan"):
        return False
    difference = _srbench_rounded(true_model - cleaned)
    fraction = _srbench_rounded(cleaned / true_model)
    if not difference.is_constant() or fraction.is_constant():
        difference = _srbench_rounded(sympy.simplify(difference, ratio=1))
        fraction = _srbench_rounded(sympy.simplify(fraction, ratio=1))
    return bool(str(difference) == "0" or difference.is_constant() or fraction.is_constant())


def _srbench_rounded(expression: Any) -> Any:
    rounded = expression
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, sympy.Float):
            small = abs(node) < 0.0001
            rounded = rounded.subs(node, sympy.Integer(0) if small else sympy.Float(round(node, 3), 3))
    return rounded


def simplified(text: str, symbols: Sequence[str]) -> list[str]:
    """SymPy's simplification as text, with fractions as they are and as decimals (exponents of 1/2 aside)."""
    simple = sympy.simplify(_read(text, symbols))
    halves = {sympy.Float(sign * 0.5): sympy.Rational(sign, 2) for sign in (1, -1)}
    decimals = {
        number: sympy.Float(number) for number in simple.atoms(sympy.Rational) if not number.is_Integer
    }
    decimal = simple.xreplace(decimals).replace(
        lambda node: node.is_Pow and node.exp in halves, lambda node: node.base ** halves[node.exp]
    )
    return [str(simple), str(decimal)]


def nodes(text: str, symbols: Sequence[str]) -> int:
    """Number of nodes of the SymPy expression (SRBench's measure of complexity)."""
    return sum(1 for _ in sympy.preorder_traversal(_read(text, symbols)))


# ---------------------------------------------------------------- polynomials

_MOST_TERMS = 2000
_DIGITS = 40  # that irrational coefficients are known to


def polynomial_factors(text: str, symbols: Sequence[str], factored: bool) -> list[list[Any]] | None:
    """The distinct factors of a polynomial, each after how often it occurs; None for a formula that is none.

    A factor is a list of terms: exponents of the symbols, and a coefficient (the largest is 1). Decimals are
    read as the fractions they show. Without `factored` the polynomial itself is the only factor.
    """
    exact = sympy.nsimplify(_read(text, symbols), rational=True)
    polynomial = _polynomial(exact, [sympy.Symbol(name) for name in symbols])
    if polynomial is None or polynomial.is_zero:
        return None
    parts = polynomial.factor_list()[1] if factored else [(polynomial, 1)]
    if any(len(part.terms()) > _MOST_TERMS for part, _ in parts):
        return None
    return [[times, _terms(part)] for part, times in parts if not part.is_ground]


def _polynomial(expression: sympy.Expr, symbols: Sequence[sympy.Symbol]) -> sympy.Poly | None:
    """The polynomial over the rationals, irrational numbers rounded."""
    try:
        found = sympy.Poly(expression, *symbols)
        if found.domain.is_QQ or found.domain.is_ZZ:
            return found.set_domain("QQ")
        rounded = {powers: _rational(number) for powers, number in found.terms()}
        return sympy.Poly.from_dict(rounded, *symbols, domain="QQ")
    except (sympy.PolynomialError, sympy.polys.polyerrors.CoercionFailed, TypeError, ValueError):
        return None


def _rational(number: sympy.Expr) -> sympy.Rational:
    value = number.evalf(_DIGITS)
    if not value.is_Float:  # it has a symbol or an imaginary part
        raise ValueError(f"{number} is no real number")
    return sympy.Rational(value)


def _terms(part: sympy.Poly) -> list[list[Any]]:
    largest = max(abs(number) for number in part.coeffs())
    return [[list(powers), float(number / largest)] for powers, number in part.terms()]


OPERATIONS: dict[str, Callable[..., Any]] = {
    "srsd": srsd,
    "closest_forms": closest_forms,
    "prove": prove,
    "rewritten": rewritten,
    "srbench": srbench,
    "simplified": simplified,
    "nodes": nodes,
    "polynomial_factors": polynomial_factors,
}
