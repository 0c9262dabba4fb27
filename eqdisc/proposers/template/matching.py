"""Read the unknown functions of a form off a law that has the form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import isclose

import numpy as np

from eqdisc.engine.reference import evaluate
from eqdisc.expr.algebra import NotRepresentable, power, product_of, sum_of
from eqdisc.expr.canonical import canonical, chained
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form, filled, substitute
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import ADD, CONSTANT, DIV, INV, MUL, NEG, SUB, VARIABLE, row_of
from eqdisc.expr.simplify import simplify

SAME = 1e-9  # relative difference of two values of one parameter
MOST_WAYS = 2000  # of giving the terms of a law to those of a form


@dataclass(frozen=True)
class Match:
    """What stands for the unknowns of a form: numbers, and functions over their arguments in order."""

    form: Form
    parameters: dict[str, float] = field(default_factory=dict)
    functions: dict[str, Expression] = field(default_factory=dict)

    def lines(self, digits: int = 6) -> tuple[str, ...]:
        """In words: "f(x) = x**2 + 0.5*x", with "u = ..." after it for an argument that is a formula."""
        names = (
            *self.form.columns,
            *self.form.parameters,
            *(f"{call.name}(...)" for call in self.form.calls),
        )
        lines = [f"{name} = {value:.{digits}g}" for name, value in self.parameters.items()]
        for name, body in self.functions.items():
            places = [call.arguments for call in self.form.calls if call.name == name]
            texts = [format_expression(argument, names, digits) for argument in places[0]]
            letters = ["u"] if len(texts) == 1 else [f"u{k}" for k in range(1, len(texts) + 1)]
            plain = [all(p == places[0] for p in places) and a.root == VARIABLE for a in places[0]]
            shown = [text if p else letter for text, p, letter in zip(texts, plain, letters, strict=True)]
            meaning = [f", {s} = {text}" for s, text, p in zip(shown, texts, plain, strict=True) if not p]
            law = format_expression(body, shown, digits)
            lines.append(f"{name}({', '.join(shown)}) = {law}{''.join(meaning if len(places) == 1 else [])}")
        return tuple(lines)


def match_template(form: Form, expression: Expression) -> Match | None:
    """The parameters and functions with which the form is the law; None where the law is not seen to have it.

    Sums and products may stand in any order, and a parameter may have been taken into a number or have become
    1 or 0. What is found is checked against the law's values.

    >>> from eqdisc.expr.parse import parse
    >>> form = Form.parse("a*exp(-f(x)) + g(t)", ["x", "t"])
    >>> match_template(form, parse("sin(t) + 2*exp(-0.5*x - x**2)", ["x", "t"])).lines()
    ('a = 2', 'f(x) = x**2 + 0.5*x', 'g(t) = sin(t)')
    """
    matcher = _Matcher(form)
    try:
        for found in matcher.matches(form.tree, expression, _Bound()):
            match = matcher.completed(found)
            if match is not None and _agrees(match, expression):
                return match
    except (NotRepresentable, OverflowError, ZeroDivisionError):
        return None
    return None


@dataclass(frozen=True)
class HasForm:
    """Tells whether a law has a form, and not by an unknown function that undoes what the form does to it.

    >>> from eqdisc.expr.parse import parse
    >>> asked = HasForm(Form.parse("exp(f(x))", ["x"]))
    >>> asked(parse("exp(x*x)", ["x"])), asked(parse("sqrt(x)", ["x"]))
    (True, False)
    """

    form: Form

    def __call__(self, law: Expression) -> bool:
        return match_template(self.form, simplify(law)) is not None


@dataclass(frozen=True)
class _Bound:
    """Parameters and functions settled so far, by variable and by name."""

    parameters: dict[int, float] = field(default_factory=dict)
    functions: dict[str, Expression] = field(default_factory=dict)

    def parameter(self, variable: int, value: float) -> "_Bound | None":
        known = self.parameters.get(variable)
        if known is None:
            return _Bound({**self.parameters, variable: value}, self.functions)
        return self if isclose(known, value, rel_tol=SAME, abs_tol=1e-300) else None

    def function(self, name: str, body: Expression) -> "_Bound | None":
        known = self.functions.get(name)
        if known is None:
            return _Bound(self.parameters, {**self.functions, name: body})
        return self if _alike(known, body) else None


class _Matcher:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.first = len(form.columns)
        self.first_call = self.first + len(form.parameters)
        self.ways = 0

    def matches(self, pattern: Expression, law: Expression, bound: _Bound) -> Iterator[_Bound]:
        """All ways in which a part of the form can be a part of the law."""
        self.ways += 1
        if self.ways > MOST_WAYS:
            return
        root = pattern.root
        if max(pattern.features, default=-1) < self.first:
            if _alike(simplify(pattern), simplify(law)):
                yield bound
        elif root == VARIABLE:
            yield from self._leaf(int(pattern.payload[0]), law, bound)
        elif root in (ADD, SUB, NEG):
            yield from self._sums(pattern, law, bound)
        elif root in (MUL, DIV, INV):
            yield from self._products(pattern, law, bound)
        elif root == law.root:
            orders = [law.children]
            if row_of(root).commutative:
                orders.append(law.children[::-1])
            for children in orders:
                yield from self._in_turn(pattern.children, children, bound)

    def _in_turn(
        self, patterns: Sequence[Expression], laws: Sequence[Expression], bound: _Bound
    ) -> Iterator[_Bound]:
        if not patterns:
            yield bound
            return
        for found in self.matches(patterns[0], laws[0], bound):
            yield from self._in_turn(patterns[1:], laws[1:], found)

    # ------------------------------------------------------------ leaves

    def _leaf(self, variable: int, law: Expression, bound: _Bound) -> Iterator[_Bound]:
        if variable < self.first_call:
            number = simplify(law)
            found = bound.parameter(variable, number.payload[0]) if number.root == CONSTANT else None
            if found is not None:
                yield found
            return
        call = self.form.calls[variable - self.first_call]
        for body, settled in self._as_function(law, call.arguments, bound):
            found = settled.function(call.name, simplify(body))
            if found is not None:
                yield found

    def _as_function(
        self, law: Expression, arguments: Sequence[Expression], bound: _Bound
    ) -> Iterator[tuple[Expression, _Bound]]:
        """The law written over the arguments, which take variables from `first_call` on meanwhile."""
        plain = {int(a.payload[0]): j for j, a in enumerate(arguments) if a.root == VARIABLE}
        marked = law.remap_features({column: self.first_call + j for column, j in plain.items()})
        formulas = [(j, a) for j, a in enumerate(arguments) if a.root != VARIABLE]
        for settled in self._settled([a for _, a in formulas], law, bound):
            written = marked
            for j, argument in formulas:
                whole = self._filled(argument, settled)
                whole = whole.remap_features({column: self.first_call + k for column, k in plain.items()})
                written = _with_variable(written, whole, self.first_call + j)
            if all(variable >= self.first_call for variable in written.features):
                back = {variable: variable - self.first_call for variable in written.features}
                yield written.remap_features(back), settled

    def _settled(self, arguments: Sequence[Expression], law: Expression, bound: _Bound) -> Iterator[_Bound]:
        """Ways to settle the parameters in arguments, each such argument being somewhere in the law."""
        open_ones = [a for a in arguments if any(j not in bound.parameters for j in self._parameters(a))]
        if not open_ones:
            yield bound
            return
        for node in range(law.size):
            part = law.subtree(node)
            if part.size >= open_ones[0].size:
                for found in self.matches(open_ones[0], part, bound):
                    yield from self._settled(open_ones[1:], law, found)

    def _parameters(self, tree: Expression) -> list[int]:
        return [j for j in tree.features if self.first <= j < self.first_call]

    def _filled(self, tree: Expression, bound: _Bound) -> Expression:
        values = {j: Expression.constant(bound.parameters[j]) for j in self._parameters(tree)}
        return substitute(tree, values)

    # ------------------------------------------------------------ sums and products

    def _sums(self, pattern: Expression, law: Expression, bound: _Bound) -> Iterator[_Bound]:
        terms = list(_signed_terms(pattern, 1.0))
        total = sum_of(simplify(law), distribute=True)
        parts = [
            simplify(coefficient * term) for term, found in total.terms.items() for coefficient, _ in found
        ]
        fixed = sum(sign * term.payload[0] for sign, term in terms if term.root == CONSTANT)
        if not isclose(total.constant, fixed, rel_tol=SAME):
            parts.append(Expression.constant(total.constant - fixed))
        open_ones = [(sign, term) for sign, term in terms if term.root != CONSTANT]
        for shares in self._shared_out(parts, [term for _, term in open_ones]):
            wanted = [
                simplify(sign * chained(ADD, share or [Expression.constant(0.0)]))
                for (sign, _), share in zip(open_ones, shares, strict=True)
            ]
            yield from self._in_turn([term for _, term in open_ones], wanted, bound)

    def _products(self, pattern: Expression, law: Expression, bound: _Bound) -> Iterator[_Bound]:
        factors = list(_factors(pattern, False))
        whole = product_of(simplify(law))
        parts = [power(base, k) for base, k in whole.above.items()]
        parts += [Expression.apply(INV, power(base, k)) for base, k in whole.below.items()]
        for inverse, factor in factors:
            if factor.root == CONSTANT:
                whole.coefficient *= factor.payload[0] if inverse else 1.0 / factor.payload[0]
        if not isclose(whole.coefficient, 1.0, rel_tol=SAME):
            parts.append(Expression.constant(whole.coefficient))
        open_ones = [(inverse, factor) for inverse, factor in factors if factor.root != CONSTANT]
        for shares in self._shared_out(parts, [factor for _, factor in open_ones]):
            wanted = []
            for (inverse, _), share in zip(open_ones, shares, strict=True):
                joined = chained(MUL, share or [Expression.constant(1.0)])
                wanted.append(simplify(Expression.apply(INV, joined) if inverse else joined))
            yield from self._in_turn([factor for _, factor in open_ones], wanted, bound)

    def _shared_out(
        self, parts: Sequence[Expression], patterns: Sequence[Expression]
    ) -> Iterator[list[list[Expression]]]:
        """All ways to give each part of the law to a part of the form that reads its columns.

        A number goes to a parameter first, and to a function before it goes to anything else.
        """
        columns = [self._columns(pattern) for pattern in patterns]
        order = sorted(range(len(patterns)), key=lambda k: (bool(columns[k]), patterns[k].size))
        takers = [[k for k in order if set(part.features) <= columns[k]] for part in parts]
        for chosen in islice(product(*takers), MOST_WAYS):
            yield [
                [part for part, k in zip(parts, chosen, strict=True) if k == taker]
                for taker in range(len(patterns))
            ]

    def _columns(self, tree: Expression) -> set[int]:
        found: set[int] = set()
        for j in tree.features:
            if j < self.first:
                found.add(j)
            elif j >= self.first_call:
                for argument in self.form.calls[j - self.first_call].arguments:
                    found |= self._columns(argument)
        return found

    def completed(self, bound: _Bound) -> Match | None:
        """The match by names; None where something is left open."""
        names = self.form.parameters
        parameters = {name: bound.parameters.get(self.first + j) for j, name in enumerate(names)}
        known = {name: value for name, value in parameters.items() if value is not None}
        complete = len(known) == len(names) and set(bound.functions) == set(self.form.functions)
        if not complete:
            return None
        return Match(self.form, known, {name: bound.functions[name] for name in self.form.functions})


def _signed_terms(pattern: Expression, sign: float) -> Iterator[tuple[float, Expression]]:
    if pattern.root not in (ADD, SUB, NEG):
        yield sign, pattern
        return
    children = pattern.children
    yield from _signed_terms(children[0], -sign if pattern.root == NEG else sign)
    if len(children) == 2:
        yield from _signed_terms(children[1], -sign if pattern.root == SUB else sign)


def _factors(pattern: Expression, inverse: bool) -> Iterator[tuple[bool, Expression]]:
    """Whether it divides, and the factor; a minus sign is a factor of -1."""
    if pattern.root == NEG:
        yield False, Expression.constant(-1.0)
        yield from _factors(pattern.children[0], inverse)
    elif pattern.root in (MUL, DIV, INV):
        children = pattern.children
        yield from _factors(children[0], inverse != (pattern.root == INV))
        if len(children) == 2:
            yield from _factors(children[1], inverse != (pattern.root == DIV))
    else:
        yield inverse, pattern


def _with_variable(law: Expression, formula: Expression, variable: int) -> Expression:
    """The law with all multiples of the formula written as multiples of a variable."""
    factor = _multiple(law, formula)
    if factor is not None:
        return factor * Expression.variable(variable)
    if not law.arity_root:
        return law
    return Expression.apply(law.root, *(_with_variable(child, formula, variable) for child in law.children))


def _multiple(law: Expression, formula: Expression) -> float | None:
    """k where the law is k times the formula."""
    if law.features != formula.features:
        return None
    whole, part = (sum_of(simplify(e), distribute=True) for e in (law, formula))
    mine = {term: found[0][0] for term, found in whole.terms.items()}
    other = {term: found[0][0] for term, found in part.terms.items()}
    if set(mine) != set(other) or not mine:
        return None
    first = next(iter(mine))
    factor = mine[first] / other[first]
    pairs = [(mine[term], other[term]) for term in mine] + [(whole.constant, part.constant)]
    return factor if all(isclose(a, factor * b, rel_tol=SAME, abs_tol=1e-300) for a, b in pairs) else None


def _alike(one: Expression, other: Expression) -> bool:
    """Whether two simplified formulas are the same up to rounding of their constants."""
    a, b = canonical(one), canonical(other)
    same = a.codes == b.codes
    return same and all(
        isclose(p, q, rel_tol=SAME, abs_tol=1e-300) for p, q in zip(a.payload, b.payload, strict=True)
    )


def _agrees(match: Match, law: Expression) -> bool:
    """Whether the form with what was found has the values of the law, at points of both signs."""
    form = match.form
    made, _ = filled(
        form.with_functions(match.functions),
        len(form.columns),
        [match.parameters[name] for name in form.parameters],
    )
    points = np.random.default_rng(0).uniform(-2.0, 2.0, (200, len(form.columns)))
    points[:100] = np.abs(points[:100])
    values, wanted = evaluate(made, points), evaluate(law, points)
    both = np.isfinite(values) & np.isfinite(wanted)
    return bool(np.allclose(values[both], wanted[both], rtol=1e-6, atol=1e-9))
