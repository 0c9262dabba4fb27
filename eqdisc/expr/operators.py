"""The operators of the language: one row each, and the ordered set of them that a search may use.

A row holds every facet of an operator, so that no second table can disagree with it: its meaning in NumPy,
its partial derivatives, its rule for units, and how it is written as text, for SymPy and in LaTeX. Operators
are IEEE, not protected: what has no real value is NaN, overflow is infinite.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eqdisc.errors import OptionError

if TYPE_CHECKING:
    from eqdisc.expr.expression import Expression

VARIABLE, CONSTANT = 0, 1
_FIRST = 2

# Binding strength of written forms, weakest first.
ANY, SUM, PRODUCT, MINUS, POWER, ATOM = range(6)


@dataclass(frozen=True, slots=True)
class Form:
    """How an operator is written: a template with holes #1, #2, #3.

    `precedence` is the binding strength of the whole, `holes` the weakest strength that each operand may have
    without parentheses.
    """

    template: str
    precedence: int = ATOM
    holes: tuple[int, ...] = (ANY, ANY, ANY)


UnitRule = Literal["same", "product", "quotient", "pow", "dimensionless", "ratio", "sign", "where"] | Fraction


@dataclass(frozen=True, slots=True)
class Operator:
    """A primitive and everything the package knows about it.

    `evaluate(*arguments)` works elementwise on float64 arrays. `derivative(*arguments, value)` returns the
    partial derivatives, one per argument; sign and floor have derivative 0, abs has sign(x), min and max
    that of the operand chosen (the first at a tie). `units` is a rule of `eqdisc.expr.units`; a fraction
    says that the exponents of the operand's unit are multiplied by it. `weight` is the default prior
    weight in a search.
    """

    name: str
    arity: int
    evaluate: Callable[..., Any] = field(compare=False)
    derivative: Callable[..., tuple[Any, ...]] = field(compare=False)
    units: UnitRule
    text: Form
    sympy: Form
    latex: Form
    aliases: tuple[str, ...] = ()
    weight: float = 0.3
    commutative: bool = False


def _call(name: str, arity: int = 1) -> Form:
    return Form(f"{name}({', '.join(f'#{k}' for k in range(1, arity + 1))})")


def _infix(symbol: str, precedence: int) -> Form:
    return Form(f"#1{symbol}#2", precedence, (precedence, precedence + 1))


def _latex_call(name: str, arity: int = 1) -> Form:
    return Form(f"{name}\\left({', '.join(f'#{k}' for k in range(1, arity + 1))}\\right)")


def _function(
    name: str,
    evaluate: Callable[..., Any],
    derivative: Callable[..., tuple[Any, ...]],
    *,
    sympy: str | Form = "",
    latex: str | Form = "",
    units: UnitRule = "dimensionless",
    aliases: tuple[str, ...] = (),
    weight: float = 0.3,
    commutative: bool = False,
    arity: int = 1,
) -> Operator:
    """A row whose text form is a function call."""
    sympy_form = sympy if isinstance(sympy, Form) else _call(sympy or name, arity)
    latex_form = latex if isinstance(latex, Form) else _latex_call(latex or f"\\{name}", arity)
    text = _call(name, arity)
    return Operator(
        name, arity, evaluate, derivative, units, text, sympy_form, latex_form, aliases, weight, commutative
    )


def _where(c: Any, a: Any, b: Any) -> Any:
    return np.where(c > 0.0, a, b)


def _where_derivative(c: Any, a: Any, b: Any, value: Any) -> tuple[Any, Any, Any]:
    chosen = np.where(c > 0.0, 1.0, 0.0)
    return np.zeros_like(value), chosen, 1.0 - chosen


def _pow_derivative(a: Any, b: Any, value: Any) -> tuple[Any, Any]:
    # The slope in the exponent exists for positive bases, and is 0 for base 0 below a positive exponent.
    by_exponent = np.where(a > 0.0, value * np.log(a), np.where((a == 0.0) & (b > 0.0), 0.0, np.nan))
    return np.where(b == 0.0, 0.0, b * np.power(a, b - 1.0)), by_exponent


_POWER_2 = Form("#1**2", POWER, (ATOM,))
_POWER_3 = Form("#1**3", POWER, (ATOM,))
_TEX_POWER = Form("#1^{#2}", POWER, (ATOM, ANY))
_CASES = r"\begin{cases} #2 & \text{if } #1 > 0 \\ #3 & \text{otherwise} \end{cases}"
_LN10 = float(np.log(10.0))

OPERATORS: tuple[Operator, ...] = (
    Operator(
        "add", 2, np.add, lambda a, b, v: (np.ones_like(v), np.ones_like(v)), "same",
        _infix(" + ", SUM), _infix(" + ", SUM), _infix(" + ", SUM),
        aliases=("+", "plus"), weight=1.0, commutative=True,
    ),
    Operator(
        "sub", 2, np.subtract, lambda a, b, v: (np.ones_like(v), -np.ones_like(v)), "same",
        _infix(" - ", SUM), _infix(" - ", SUM), _infix(" - ", SUM),
        aliases=("-", "minus", "subtract"), weight=1.0,
    ),
    Operator(
        "mul", 2, np.multiply, lambda a, b, v: (b, a), "product",
        _infix("*", PRODUCT), _infix("*", PRODUCT), _infix(" \\cdot ", PRODUCT),
        aliases=("*", "times", "multiply"), weight=1.0, commutative=True,
    ),
    Operator(
        "div", 2, np.divide, lambda a, b, v: (1.0 / b, -v / b), "quotient",
        _infix("/", PRODUCT), _infix("/", PRODUCT), Form("\\frac{#1}{#2}", POWER),
        aliases=("/", "divide"), weight=1.0,
    ),
    Operator(
        "neg", 1, np.negative, lambda a, v: (-np.ones_like(v),), Fraction(1),
        Form("-#1", MINUS, (POWER,)), Form("-#1", MINUS, (POWER,)), Form("-#1", MINUS, (PRODUCT,)),
    ),
    _function(
        "inv", lambda a: 1.0 / a, lambda a, v: (-v * v,), units=Fraction(-1),
        sympy=Form("1/#1", PRODUCT, (POWER,)), latex=Form("\\frac{1}{#1}", POWER), aliases=("reciprocal",),
    ),
    Operator(
        "square", 1, np.square, lambda a, v: (2.0 * a,), Fraction(2),
        _POWER_2, _POWER_2, Form("#1^{2}", POWER, (ATOM,)), aliases=("sq",), weight=0.5,
    ),
    Operator(
        "cube", 1, lambda a: a * a * a, lambda a, v: (3.0 * a * a,), Fraction(3),
        _POWER_3, _POWER_3, Form("#1^{3}", POWER, (ATOM,)), weight=0.25,
    ),
    _function(
        "sqrt", np.sqrt, lambda a, v: (0.5 / v,), units=Fraction(1, 2), latex=Form("\\sqrt{#1}"), weight=0.5
    ),
    _function(
        "cbrt", np.cbrt, lambda a, v: (1.0 / (3.0 * v * v),), units=Fraction(1, 3),
        # SymPy's own cbrt is the complex principal root.
        sympy=Form("sign(#1)*Abs(#1)**(1/3)", PRODUCT), latex=Form("\\sqrt[3]{#1}"),
    ),
    Operator(
        "pow", 2, np.power, _pow_derivative, "pow",
        Form("#1**#2", POWER, (ATOM, POWER)), Form("#1**#2", POWER, (ATOM, POWER)), _TEX_POWER,
        aliases=("**", "^", "power", "Pow"),
    ),
    _function("exp", np.exp, lambda a, v: (v,), latex=Form("e^{#1}", POWER), weight=0.5),
    _function("log", np.log, lambda a, v: (1.0 / a,), aliases=("ln",), weight=0.5),
    _function(
        "log10", np.log10, lambda a, v: (1.0 / (a * _LN10),),
        sympy=Form("log(#1, 10)"), latex=Form("\\log_{10}\\left(#1\\right)"),
    ),
    _function("sin", np.sin, lambda a, v: (np.cos(a),), weight=0.5),
    _function("cos", np.cos, lambda a, v: (-np.sin(a),), weight=0.5),
    _function("tan", np.tan, lambda a, v: (1.0 + v * v,)),
    _function(
        "asin", np.arcsin, lambda a, v: (1.0 / np.sqrt((1.0 - a) * (1.0 + a)),),
        latex="\\arcsin", aliases=("arcsin",),
    ),
    _function(
        "acos", np.arccos, lambda a, v: (-1.0 / np.sqrt((1.0 - a) * (1.0 + a)),),
        latex="\\arccos", aliases=("arccos",),
    ),
    _function("atan", np.arctan, lambda a, v: (1.0 / (1.0 + a * a),), latex="\\arctan", aliases=("arctan",)),
    _function(
        "atan2", np.arctan2, lambda a, b, v: (b / (a * a + b * b), -a / (a * a + b * b)), arity=2,
        units="ratio", latex="\\operatorname{atan2}", aliases=("arctan2",),
    ),
    _function("sinh", np.sinh, lambda a, v: (np.cosh(a),)),
    _function("cosh", np.cosh, lambda a, v: (np.sinh(a),)),
    _function("tanh", np.tanh, lambda a, v: (1.0 - v * v,), weight=0.1),
    _function(
        "abs", np.abs, lambda a, v: (np.sign(a),), units=Fraction(1), sympy="Abs",
        latex=Form("\\left|#1\\right|"), aliases=("Abs", "fabs"), weight=0.1,
    ),
    _function(
        "sign", np.sign, lambda a, v: (np.zeros_like(v),), units="sign",
        latex="\\operatorname{sign}", aliases=("sgn",),
    ),
    _function(
        "min", np.minimum, lambda a, b, v: (np.where(a <= b, 1.0, 0.0), np.where(a <= b, 0.0, 1.0)), arity=2,
        units="same", sympy="Min", aliases=("Min", "minimum"), weight=0.1, commutative=True,
    ),
    _function(
        "max", np.maximum, lambda a, b, v: (np.where(a >= b, 1.0, 0.0), np.where(a >= b, 0.0, 1.0)), arity=2,
        units="same", sympy="Max", aliases=("Max", "maximum"), weight=0.1, commutative=True,
    ),
    _function(
        "floor", np.floor, lambda a, v: (np.zeros_like(v),), latex=Form("\\left\\lfloor #1 \\right\\rfloor")
    ),
    _function(
        "mod", np.mod, lambda a, b, v: (np.ones_like(v), -np.floor(a / b)), arity=2,
        units="same", sympy="Mod",
        latex=Form("#1 \\bmod #2", PRODUCT, (POWER, POWER)), aliases=("Mod", "%", "remainder"),
    ),
    _function(
        "where", _where, _where_derivative, arity=3, units="where", weight=0.1,
        sympy=Form("Piecewise((#2, #1 > 0), (#3, True))"), latex=Form(_CASES, SUM),
    ),
)  # fmt: skip

ARITY = np.array([0, 0, *(row.arity for row in OPERATORS)], dtype=np.int8)
ARITY.flags.writeable = False

_CODES = {row.name: _FIRST + index for index, row in enumerate(OPERATORS)}
_BY_WORD = {word: row for row in OPERATORS for word in (row.name, *row.aliases)}

(
    ADD, SUB, MUL, DIV, NEG, INV, SQUARE, CUBE, SQRT, CBRT, POW, EXP, LOG, LOG10, SIN, COS, TAN, ASIN, ACOS,
    ATAN, ATAN2, SINH, COSH, TANH, ABS, SIGN, MIN, MAX, FLOOR, MOD, WHERE,
) = range(_FIRST, _FIRST + len(OPERATORS))  # fmt: skip

DEFAULT_OPERATORS = "+ - * / square cube sqrt exp log sin cos tanh abs min max"


def operator_words() -> frozenset[str]:
    """All names and aliases of operators."""
    return frozenset(_BY_WORD)


def nearest(word: str, words: Iterable[str]) -> str:
    """`; did you mean 'sqrt'?`, or nothing where no word is near."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def operator(word: str) -> Operator:
    """The row of an operator by name or alias; OptionError for an unknown word.

    >>> operator("+").name, operator("arcsin").name
    ('add', 'asin')
    """
    try:
        return _BY_WORD[word]
    except KeyError:
        names = " ".join(row.name for row in OPERATORS[4:])
        hint = nearest(word, _BY_WORD) or "."
        raise OptionError(f"unknown operator '{word}'{hint} The operators are: + - * / {names}") from None


def code_of(word: str) -> int:
    """Node code of an operator by name or alias.

    >>> code_of("mul") == MUL
    True
    """
    return _CODES[operator(word).name]


def row_of(code: int) -> Operator:
    """The row of a node code (at least 2)."""
    return OPERATORS[code - _FIRST]


@dataclass(frozen=True, slots=True)
class Macro:
    """An operator made by the user out of the built-in ones; it is expanded when a text is parsed.

    >>> Macro.parse("sq1(x)=x**2+1").parameters
    ('x',)
    """

    name: str
    parameters: tuple[str, ...]
    body: "Expression"

    @staticmethod
    def parse(text: str, macros: Iterable["Macro"] = ()) -> "Macro":
        """Read `name(parameter, ...) = body`; the body may use the given macros, not itself (OptionError)."""
        from eqdisc.expr.parse import parse

        head = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*\(([^()]*)\)\s*=(.*)", text, re.DOTALL)
        if head is None:
            raise OptionError(f"'{text}' defines no operator; write for example sq1(x)=x**2+1")
        name, body = head[1], head[3]
        parameters = tuple(word.strip() for word in head[2].split(","))
        if name in _BY_WORD:
            raise OptionError(f"'{name}' in '{text}' is an operator already; choose another name")
        if not all(word.isidentifier() for word in parameters) or len(set(parameters)) < len(parameters):
            raise OptionError(f"the parameters of '{text}' must be different names, as in f(x, y)=x*y")
        if re.search(rf"(?<!\w){re.escape(name)}\s*\(", body):
            raise OptionError(f"the operator '{name}' is defined by itself in '{text}'; it cannot recur")
        return Macro(name, parameters, parse(body, parameters, tuple(macros)))


@dataclass(frozen=True, slots=True)
class OperatorSet:
    """The ordered set of operators that a search may use, with a prior weight for each.

    >>> OperatorSet.of("add", "mul", "sin").codes == (ADD, MUL, SIN)
    True
    >>> "sqrt" in OperatorSet.parse("+ - * / sqrt, exp")
    True
    """

    operators: tuple[Operator, ...]
    macros: tuple[Macro, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        weights = {row.name: float(self.weights.get(row.name, row.weight)) for row in self.operators}
        if any(not weight >= 0.0 for weight in weights.values()):
            raise OptionError(f"weights of operators must be zero or more, got {weights}")
        object.__setattr__(self, "weights", MappingProxyType(weights))

    @staticmethod
    def of(*words: str) -> "OperatorSet":
        """The set of these operators (names or aliases), in the order of the table."""
        codes = sorted({code_of(word) for word in words})
        return OperatorSet(tuple(row_of(code) for code in codes))

    @staticmethod
    def parse(text: str) -> "OperatorSet":
        """Read names separated by spaces or commas; OptionError names the unknown one and the nearest."""
        words = [word for word in re.split(r"[\s,;]+", text) if word]
        if not words:
            raise OptionError(f"no operator in '{text}'; for example: {DEFAULT_OPERATORS}")
        return OperatorSet.of(*words)

    @staticmethod
    def default() -> "OperatorSet":
        """The set used when none is given."""
        return OperatorSet.parse(DEFAULT_OPERATORS)

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(_CODES[row.name] for row in self.operators)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.operators)

    def __contains__(self, word: str | int) -> bool:
        return word in self.codes if isinstance(word, int) else operator(word) in self.operators

    def with_macros(self, macros: Iterable[Macro | str]) -> "OperatorSet":
        """The same set with further macros; a text is parsed and may use the macros before it."""
        known = self.macros
        for macro in macros:
            made = Macro.parse(macro, known) if isinstance(macro, str) else macro
            if made.name in (other.name for other in known):
                raise OptionError(f"the operator '{made.name}' is defined twice")
            known = (*known, made)
        return OperatorSet(self.operators, known, self.weights)

    def with_weights(self, weights: Mapping[str, float]) -> "OperatorSet":
        """The same set with other prior weights for some operators (by name or alias)."""
        changed = {operator(word).name: weight for word, weight in weights.items()}
        return OperatorSet(self.operators, self.macros, {**self.weights, **changed})

    def __reduce__(self) -> tuple[Any, ...]:
        # Rows hold functions without a name to pickle by; they are found again by the operator's name.
        return _restore, (self.names, self.macros, dict(self.weights))


def _restore(names: tuple[str, ...], macros: tuple[Macro, ...], weights: dict[str, float]) -> OperatorSet:
    return OperatorSet(tuple(operator(name) for name in names), macros, weights)
