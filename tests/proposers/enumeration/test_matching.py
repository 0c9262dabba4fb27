"""Planted pairs are found, whatever they are joined by; chance is not taken for a law."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.proposers.enumeration.kernels import WIDTH, WILD
from eqdisc.proposers.enumeration.matching import LOOKUPS, Lookups, Scanner
from eqdisc.proposers.enumeration.polynomials import polynomial_bases, pruned_combination
from eqdisc.proposers.enumeration.table import Table
from eqdisc.proposers.enumeration.targets import aims, input_aims, seconds
from eqdisc.search.spelling import allowed_codes

OPERATORS = OperatorSet.parse("+ - * / square sqrt exp log sin cube inv tanh cos")
NAMES = ("a", "b")
X = np.random.default_rng(3).uniform(0.5, 2.0, (WIDTH, 2))
TOLERANCE = 2e-11


@pytest.fixture(scope="module")
def table():
    made = Table(OPERATORS, X, range(2), (1.0, 2.0), 6000, [WILD, WILD], 6)
    with ThreadPoolExecutor(1) as pool:
        for cost in range(2, 7):
            for _ in made.grow(cost, pool, 1):
                pass
    return made


def explained(target, laws):
    """Whether a law gives the target; all have to."""
    for law in laws:
        np.testing.assert_allclose(evaluate(law, X), target, rtol=1e-7)
    return bool(laws)


def looked_up(table, target):
    allowed = allowed_codes(OPERATORS)
    lookups = Lookups(table, TOLERANCE)
    with ThreadPoolExecutor(2) as pool:
        return [
            hit.law
            for aim in (*aims(target, (0, 1), X, allowed), *input_aims(target, (0, 1), X, allowed))
            for kind, shape in LOOKUPS
            for hit in lookups.hits(aim, kind, shape, pool, 2)[0]
        ]


PAIRS = (
    "sin(a)/b + sqrt(a + b)",
    "sqrt(a + b) - exp(a - b)",
    "sin(a*b)*(a + 1)/b",
    "7.3*sin(a*b)*(a + 1)/b",
    "(a + sin(b))/(b + exp(a))",
    "0.3*log(a + 1)/(b + exp(a))**3",
    "(b + exp(a))**2*sin(a*b)",
    "sqrt(b + exp(a))*sin(a*b)",
    "exp(sin(a)*b + sqrt(a)/b)",
    "b*sqrt(exp(a)*b + sin(a)**2)",
    "log(exp(a)*b + sin(a)) - a",
)


@pytest.mark.parametrize("text", PAIRS)
def test_partners_are_looked_up(table, text):
    target = evaluate(parse(text, NAMES), X)
    assert explained(target, looked_up(table, target))


LINEAR = (
    "2.7*sin(a)/b - 0.4*sqrt(a + b)",
    "2.7*sin(a)/b + 0.4*sqrt(a + b) + 1.9",
    "2.7*sin(a)*sqrt(a + b) - 1.3",
    "2.7*sin(a)/(b + exp(a)) + 0.3",
    "sin(a)/(1.7*b*exp(a) + 0.3)",
    "sin(a) + 1/(1.7*b*exp(a) + 0.3)",
    "a*sqrt(1.7*b*exp(a) + 0.3)",
    "a*exp(0.3*b/a + 0.2)",
    "(a + b)*log(0.3*b*a + 1.2)",
    "exp(0.3*b - 0.7*sqrt(a) + 0.2)",
    "1/(0.3*b + 0.7*sqrt(a) + 0.2)",
)


def scanned(table, target, firsts=400):
    allowed = allowed_codes(OPERATORS)
    scanner = Scanner(table, firsts, table.count, target, TOLERANCE)
    found = []
    with ThreadPoolExecutor(2) as pool, np.errstate(all="ignore"):
        plain = [aim for aim in aims(target, (0, 1), X, allowed) if not aim.by_input]
        for one in scanner.scans(plain, seconds(allowed)):
            found += [hit.law for hit in scanner.hits(one, pool, 2)[0]]
    return found


@pytest.mark.parametrize("text", LINEAR)
def test_slopes_and_intercepts_are_free(table, text):
    target = evaluate(parse(text, NAMES), X)
    assert explained(target, scanned(table, target))


def test_noise_is_no_law(table):
    target = np.random.default_rng(5).uniform(1.0, 2.0, WIDTH)
    assert not looked_up(table, target)
    assert not scanned(table, target)


def test_threads_change_no_hit(table):
    target = evaluate(parse(PAIRS[0], NAMES), X)
    aim = aims(target, (), X, allowed_codes(OPERATORS))[0]
    lookups = Lookups(table, TOLERANCE)
    for kind, shape in LOOKUPS:
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(3) as three:
            assert lookups.hits(aim, kind, shape, one, 1) == lookups.hits(aim, kind, shape, three, 3)


def test_every_way_back_undoes_its_aim():
    target = np.random.default_rng(6).uniform(0.2, 0.9, WIDTH)
    for aim in (
        *aims(target, (0, 1), X, allowed_codes(OPERATORS)),
        *input_aims(target, (0, 1), X, allowed_codes(OPERATORS)),
    ):
        columns = np.column_stack([X, aim.values])
        np.testing.assert_allclose(
            evaluate(aim.back(parse("z", ("a", "b", "z"))), columns), target, rtol=1e-9
        )


def test_every_second_way_back_undoes_its_function():
    first = X[:, 0]
    above, below = first * 1.3 + 0.1, first * 0.4
    names = ("a", "b", "t")
    for second in seconds(allowed_codes(OPERATORS)):
        made = []
        for target in (above, below):
            with np.errstate(all="ignore"):
                value = second.forward(target, first[None, :])[0]
            if np.isfinite(value).all():
                law = second.back(parse("a", names), parse("t", names))
                found = evaluate(law, np.column_stack([X, value]))
                made.append(np.allclose(found, target, rtol=1e-9))
        assert made, second.name
        assert all(made), second.name


def test_a_term_beside_a_polynomial_is_found_with_its_coefficients():
    target = evaluate(parse("0.8*a**3 - 2*a + 0.3*sin(a*b)", NAMES), X)
    aim = aims(target, (), X, allowed_codes(OPERATORS))[:1]
    bases = polynomial_bases((0, 1), X, aim, allowed_codes(OPERATORS))
    cubic = next(basis for basis in bases if len(basis.terms) == 3 and basis.terms[0] == parse("a", NAMES))
    term = parse("sin(a*b)", NAMES)
    law = pruned_combination(target, [evaluate(term, X), *cubic.columns], [term, *cubic.terms])
    assert law.codes.count(parse("1", ()).codes[0]) == 3
    assert explained(target, [law])
    assert np.allclose(cubic.rows @ cubic.rests.T, 0.0, atol=1e-12)
