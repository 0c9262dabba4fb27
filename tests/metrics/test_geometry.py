"""Surfaces judged: other spellings are equal, other surfaces are not, and nothing trivial passes."""

import json

import numpy as np
import pytest

from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.errors import InputError, ParseError
from eqdisc.expr.parse import parse
from eqdisc.metrics.geometry import same_image, same_parametrization, same_surface
from eqdisc.metrics.worker import Failed, ask

PLANE = (["x", "y"], ([-2.0, -2.0], [2.0, 2.0]))
CIRCLE = "x**2 + y**2 - 1"


def judge(answer, truth=CIRCLE):
    names, box = PLANE
    return same_surface(answer, truth, box, names)


@pytest.mark.parametrize(
    ("answer", "truth", "proof"),
    [
        (f"1e-9*({CIRCLE})", CIRCLE, "polynomial"),
        ("0.9999999999 - x**2 - y*y", CIRCLE, "polynomial"),
        ("x**4 + 2*x**2*y**2 + y**4 - 2*x**2 - 2*y**2 + 1", CIRCLE, "polynomial"),
        (f"({CIRCLE})*(x**2 + 1)*(x - 7)", CIRCLE, "polynomial"),
        # The factor without zeros cannot be split off again: a coefficient is off by rounding.
        ("x**4 + x**2*y**2 + 4*x**2 + 5.00000000001*y**2 - 5", CIRCLE, "polynomial"),
        (f"({CIRCLE})*(x - y)", f"(y - x)**3*(2*({CIRCLE}))", "polynomial"),
        ("sqrt(x**2 + y**2) - 1", CIRCLE, "distance"),
        ("log(x**2 + y**2)*exp(y)", CIRCLE, "distance"),
        ("y*exp(x**2) - 1", "exp(-x**2) - y", "distance"),
        ("1.4142135623730951*x + y", "sqrt(2)*x + y", "polynomial"),
    ],
)
def test_the_same_surface(answer, truth, proof):
    verdict = judge(answer, truth)
    assert (verdict.equal, verdict.proof) == (True, proof), verdict


@pytest.mark.parametrize(
    ("answer", "truth", "words"),
    [
        ("0*x", CIRCLE, "no surface"),
        ("1e12*(sin(x)**2 + cos(x)**2 - 1)", CIRCLE, "no surface"),
        (f"max(0, {CIRCLE})", CIRCLE, "no surface"),
        ("x**2 + y**2 + 1", CIRCLE, "nowhere 0"),
        (f"({CIRCLE})*(x - y)", CIRCLE, "points that the truth has not"),
        (CIRCLE, f"({CIRCLE})*(x - y)", "lacks points"),
        ("x**2 + y**2 - 1.001", CIRCLE, "apart"),
        ("x**2 + 1.00001*y**2 - 1", CIRCLE, "another polynomial"),
        ("sqrt(x**2 + y**2) - 1.0001", CIRCLE, "apart"),
        (f"abs({CIRCLE}) - 1e-4", CIRCLE, "apart"),
        ("sin(40*x)*sin(40*y)", CIRCLE, "apart"),
        ("y - x - 2e-6*x**2", "y - x", "another polynomial"),
    ],
)
def test_another_surface(answer, truth, words):
    verdict = judge(answer, truth)
    assert not verdict.equal
    assert words in verdict.reason
    record = json.loads(json.dumps(verdict.record(), allow_nan=False))
    assert (record["solved"], record["verdict"]) == (False, "different")


@pytest.mark.parametrize(
    ("answer", "equal"),
    [
        (CIRCLE, True),
        (f"({CIRCLE})*(x**2 + 1)**2", True),
        (f"({CIRCLE})*(y**2 + 3)**3", True),  # of the same degree as the truth, and no multiple of it
        (f"({CIRCLE})*(x - y)", False),
        ("x**2 + y**2 - 1.001", False),
    ],
)
def test_a_truth_that_cannot_be_factored_in_time_is_no_reason_against_an_answer(monkeypatch, answer, equal):
    def slow(operation, time_limit, **arguments):
        if arguments.get("factored"):
            raise Failed("too slow")
        return ask(operation, time_limit, **arguments)

    monkeypatch.setattr("eqdisc.metrics.polynomials.ask", slow)
    verdict = judge(answer, f"({CIRCLE})*(x**2 + 1)**2*(x**2 + 2)")
    assert verdict.equal is equal, verdict
    assert verdict.proof == ("distance" if equal else "")


def test_what_is_outside_the_box_does_not_count():
    names, _ = PLANE
    answer, truth = f"({CIRCLE})*(x - 1.5)", CIRCLE
    assert not judge(answer).equal
    assert same_surface(answer, truth, ([-1.2, -1.2], [1.2, 1.2]), names).equal


def test_distances_are_in_diagonals_and_both_ways():
    verdict = judge(f"({CIRCLE})*(y - 2*x)")
    assert verdict.apart is not None
    assert verdict.apart.to_answer < 1e-12
    # From (1, 2) to the circle.
    assert verdict.apart.to_truth == pytest.approx((5.0**0.5 - 1.0) / 32.0**0.5, rel=0.01)


@pytest.mark.parametrize("truth", ["0*x", "x**2 + 1", "log(-1 - x**2)", "1"])
def test_a_truth_that_is_no_surface(truth):
    with pytest.raises(InputError, match="the truth is no surface"):
        judge(CIRCLE, truth)


def test_what_cannot_be_read():
    with pytest.raises(ParseError):
        judge("x +")


TURN = ([0.0], [2.0 * np.pi])


def test_functions_of_given_parameters():
    truth = ["cos(t)", "sin(t)"]
    same = same_parametrization(["cos(-t)", "cos(t - pi/2)"], truth, TURN, ["t"])
    assert (same.equal, same.proof) == (True, "functions")
    other = same_parametrization(["cos(t)", "-sin(t)"], truth, TURN, ["t"])
    assert not other.equal
    assert "the 2nd coordinate is another function" in other.reason
    assert "another parameterisation" in other.reason
    far = same_parametrization(["cos(t)", "2*sin(t)"], truth, TURN, ["t"])
    assert not far.equal
    assert "another parameterisation" not in far.reason
    shifted = same_parametrization(["cos(t) + 1", "sin(t)"], truth, TURN, ["t"])
    assert not shifted.equal
    with pytest.raises(InputError, match="the answer has 1 coordinates, the truth 2"):
        same_parametrization(["cos(t)"], truth, TURN, ["t"])
    with pytest.raises(InputError, match="the truth is no surface: it is a point"):
        same_parametrization(truth, ["1", "2"], TURN, ["t"])


def test_hidden_parameters_are_judged_by_distance_and_it_is_said():
    arc = Patch([parse(text, ["t"]) for text in ("cos(t)", "sin(t)")], TURN)
    other = Patch([parse(text, ["t"]) for text in ("sin(3*t)", "cos(3*t)")], ([0.0], [2.5]))
    verdict = same_image(other, arc)
    assert (verdict.equal, verdict.proof) == (True, "distance")
    assert "nothing else was compared" in verdict.reason
    half = Patch(arc.expressions, ([0.0], [3.0]))
    assert "lacks points" in same_image(half, arc).reason
    circle = ZeroSet(parse(CIRCLE, ["x", "y"]), ([-1.1, -1.1], [1.1, 1.1]))
    assert same_image(circle, arc).equal
    assert same_image(arc, circle).equal
