"""Verdicts: equal laws are found equal however they are written, others are refused."""

import time

import numpy as np
import pytest

from eqdisc.errors import InputError, ParseError
from eqdisc.metrics.solution import (
    DATA_PRECISION,
    DIFFERENT,
    EQUAL,
    UNDECIDED,
    UP_TO_A_CONSTANT,
    check_solution,
)
from tests.metrics.laws import domain, names, problems

LORENTZ = "m*c**2/sqrt(1 - v**2/c**2)"


def verdict(answer: str, truth: str, **settings: object) -> str:
    return check_solution(answer, truth, peers=False, **settings).verdict  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("m*c**3/sqrt(c**2 - v**2)", LORENTZ),
        ("1.9999999*x*y", "2*x*y"),
        ("x*0.333333333", "x/3"),
        ("x**0.3333333333333333", "cbrt(x)"),
        ("cos(1.5707963267948966 - x)", "sin(x)"),
        ("exp(2*log(x))", "x**2"),
        ("log(x) - log(y)", "log(x/y)"),
        ("1 - 2/(exp(2*x) + 1)", "tanh(x)"),
        ("x + x + x", "3*x"),
        ("6.6260000001e-34*x/6.283185307", "6.626e-34*x/(2*pi)"),
        ("x**1.9999999*y", "x**2*y"),
        ("(x + 1.3 - 1.3)*y", "x*y"),
        ("0*y + x", "x"),
        ("x**(1.2 + 2.8)", "x**4"),
        ("3.0000001", "3"),
        ("Piecewise((x, x > 2), (x, True))", "x"),
    ],
)
def test_equal(answer: str, truth: str) -> None:
    found = check_solution(answer, truth, peers=False)
    assert found.verdict == EQUAL
    assert found.solved is True
    assert "numeric" in found.proofs


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("2*x*y + 3", "2*x*y"),
        ("1.7*x*y", "2*x*y"),
        ("-sin(x)", "sin(x)"),
        ("log(7*x)", "log(x)"),
        ("5.0000001*exp(x + 1)", "exp(x)"),
        ("sin(x)**2", "2 - cos(x)**2"),
    ],
)
def test_equal_up_to_a_constant(answer: str, truth: str) -> None:
    found = check_solution(answer, truth, peers=False)
    assert found.verdict == UP_TO_A_CONSTANT
    assert found.solved is True


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("x", "x + y"),
        ("3*x + 7*y", "3*x + 6.9999*y"),
        ("x*(y + 1)", "x*y + x + 1e-15*y*exp(x)"),
        ("x1*x0", "x0*x1*tanh(x1/(1.380649e-23*x0))"),
        ("x", "3"),
        ("4", "3"),
        ("5", "x"),
        ("0", "x"),
        ("0*x", "x"),
        ("nan", "x"),
        ("zoo*x", "x"),
        ("oo", "x"),
        ("x - x", "x"),
        ("log(-x)", "log(x)"),
        ("2*x*y + 3 + 0.001*x", "2*x*y"),
        ("floor(x)", "x"),
    ],
)
def test_different(answer: str, truth: str) -> None:
    found = check_solution(answer, truth)
    assert found.verdict in (DIFFERENT, DATA_PRECISION)
    assert found.solved is False
    assert found.proofs == ()


def test_a_law_that_the_data_cannot_tell_from_the_truth_is_not_the_truth() -> None:
    by_id = {problem["id"]: problem for problem in problems()}
    for law, simpler in (
        ("II.11.28", "1 + x0*x1"),
        ("III.17.37", "x0"),
        ("B4", "sqrt(2)*sqrt((x1 - x2)/x0)"),
        ("B17", "x1**2/(2*x0)"),
        ("B16", "x1*x4 + 299792458.0*abs(x0 - x1*x2)"),
        ("II.36.38", "x0*x3*x4/(299792458.0**2*8.854e-12*1.380649e-23*x2)"),
    ):
        problem = by_id[law]
        assert (
            verdict(simpler, problem["expr"], domain=domain(problem), names=names(problem)) == DATA_PRECISION
        )


def test_values_are_real() -> None:
    both = {"x": (-5.0, 5.0)}
    assert verdict("sqrt(x**2)", "x", domain=both) == DIFFERENT
    assert verdict("sqrt(x**2)", "abs(x)", domain=both) == EQUAL
    assert verdict("exp(2*log(x))", "x**2", domain=both) == DIFFERENT
    found = check_solution("exp(2*log(x))", "x**2", domain=both, peers=False)
    assert "no real value" in found.reason


def test_tolerance_and_precision_are_settings() -> None:
    assert verdict("x + 1.00001*y", "x + y") == DIFFERENT
    assert verdict("x + 1.00001*y", "x + y", tolerance=1e-4) == EQUAL
    assert verdict("x + 1.0000001*y", "x + y", tolerance=1e-9) == DIFFERENT
    assert verdict("x + 1.0000001*y", "x + y", tolerance=1e-9, precision=1e-6) == DATA_PRECISION


def test_data_rows_are_looked_at() -> None:
    rows = np.array([[-1.0], [-2.0]])
    assert verdict("abs(x)", "x") == EQUAL
    assert verdict("abs(x)", "x", data=rows, names=["x"]) == DIFFERENT
    with pytest.raises(InputError, match=r"wanted \(rows, 1\)"):
        check_solution("x", "x", data=np.ones((3, 2)), names=["x"])


def test_no_domain_means_positive_inputs_and_it_is_said() -> None:
    assert "x positive, for want of a domain" in check_solution("sqrt(x**2)", "x").reason


def test_large_answers_end_in_time() -> None:
    sum_of_terms = "+".join(f"{i}.5*x0*sin({i}*x1)" for i in range(1, 1700))  # more than 10,000 nodes
    start = time.monotonic()
    found = check_solution(sum_of_terms, "x0*x1", time_limit=20.0)
    assert found.verdict in (DIFFERENT, UNDECIDED)
    assert found.solved is not True
    assert time.monotonic() - start < 90.0
    assert check_solution(sum_of_terms, "x0*x1", time_limit=0.2, peers=False).verdict == UNDECIDED


def test_deep_answers_are_undecided() -> None:
    found = check_solution("sin(" * 5000 + "x" + ")" * 5000, "x")
    assert found.verdict == UNDECIDED
    assert found.solved is None
    assert "nested" in found.reason


def test_a_truth_without_values_is_undecided_or_proven_by_sympy() -> None:
    assert verdict("log(-x**2) + 1", "log(-x**2)*y") == UNDECIDED
    found = check_solution("log(-x**2 - 1)*(y + 1)", "log(-x**2 - 1)*y + log(-x**2 - 1)", peers=False)
    assert (found.verdict, found.proofs) == (EQUAL, ("symbolic",))


def test_bad_input() -> None:
    with pytest.raises(ParseError, match=r"\n.*\n +\^"):
        check_solution("x +* 2", "x")
    with pytest.raises(ParseError):
        check_solution("x", "x + (2")
    with pytest.raises(InputError, match="about a, the truth about x"):
        check_solution("a", "x")
    with pytest.raises(ParseError, match="unknown name 'z'"):
        check_solution("x*z", "x", names=["x"])
    with pytest.raises(InputError, match="the domain names 'z'"):
        check_solution("x", "x", domain={"z": (0.0, 1.0)})
    with pytest.raises(InputError, match="smaller one first"):
        check_solution("x", "x", domain={"x": (2.0, 1.0)})


def test_same_seed_same_verdict() -> None:
    runs = [check_solution("x*y*1.0000001", "x*y", seed=3, peers=False) for _ in range(2)]
    assert runs[0] == runs[1]


# ---------------------------------------------------------------- the rules of others


def test_srbench_rule_rounds_constants_away() -> None:
    assert check_solution("2.0004*x*y + 3", "2*x*y").srbench is True
    assert check_solution("x*y + 1.1*x", "x*y + x").srbench is False
    # The truth itself, by their rule: 8.854e-12 becomes 0.
    assert check_solution("8.854e-12*x0**2 + 1e-20", "8.854e-12*x0**2").srbench is not None


def test_fastsrb_rule_takes_listed_forms_only() -> None:
    listed = ("(0.5*v1*(v2^2.0))",)
    assert check_solution("0.5*v1*v2**2", "1/2*v1*v2**2", accepted=listed).fastsrb is True
    assert check_solution("0.5*v1*v2**2 + 1e-3*v1", "1/2*v1*v2**2", accepted=listed).fastsrb is False
    assert check_solution("0.5*v1*v2**2.000001", "1/2*v1*v2**2", accepted=listed).fastsrb is False


def test_copies_that_differ_by_rounding_are_one_law() -> None:
    answer = "1.7*sqrt(x*1.3*y/1.3) - 0.7*sqrt(x*y*(3.9/1.3)/3.0000000000000004)"
    assert verdict(answer, "sqrt(x*y)") == EQUAL


def test_constants_near_those_of_the_truth_must_give_its_values() -> None:
    domain = {"x": (1e-10, 1e-9)}
    assert verdict("exp(x) - 1", "exp(1.0000000001*x) - 1", domain=domain) == EQUAL
    assert verdict("exp(x) - 1.0000001", "exp(x) - 1", domain=domain) != EQUAL


def test_numbers_beyond_all_bounds_in_the_answer_alone_are_a_difference() -> None:
    domain = {"a": (1.0, 2.0), "b": (1e9, 1e10)}
    verdict = check_solution("a/(exp(b**2) + 1)", "a*b", domain=domain, peers=False)
    assert verdict.verdict == "different"
    assert "leaves the range" in verdict.reason
    # What is equal all the same is not refused for it.
    assert check_solution("log(exp(b**2)) + a", "b**2 + a", domain=domain, peers=False).solved is not False


@pytest.mark.parametrize("formula", ["", "   "])
def test_an_empty_formula_is_refused(formula: str) -> None:
    with pytest.raises(ParseError, match="empty"):
        check_solution("x", formula)


def test_a_truth_that_is_a_constant_in_disguise() -> None:
    assert check_solution("0", "0*x", peers=False).solved is True
    assert check_solution("x", "0*x", peers=False).solved is False
    assert check_solution("nan", "nan", peers=False).solved is None


def test_nested_too_deep_is_undecided() -> None:
    for text in ("(" * 3000 + "x" + ")" * 3000, "-" * 5001 + "x"):
        assert check_solution(text, "x", peers=False).verdict == "undecided"


def test_words_of_other_programs_are_understood() -> None:
    domain = {"x": (1.5, 3.0)}
    for answer, truth in (
        ("asinh(x)", "log(x + sqrt(x**2 + 1))"),
        ("log2(x)*log(2)", "log(x)"),
        ("expm1(x) - relu(x)", "exp(x) - 1 - x"),
        ("aq(x, x)", "x/sqrt(1 + x**2)"),
    ):
        assert check_solution(answer, truth, domain=domain, peers=False).verdict == "equal"
