"""Accuracy, complexity, extrapolation, and the score that joins everything."""

import json
import time

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.errors import InputError, ParseError
from eqdisc.metrics.accuracy import accuracy, extrapolation_error, sympy_nodes
from eqdisc.metrics.score import score

DOMAIN = {"x": (1.0, 5.0), "y": (-2.0, 2.0)}


def table(rows: int = 50) -> Dataset:
    features = np.random.default_rng(0).uniform([1.0, -2.0, 0.0], [5.0, 2.0, 1.0], (rows, 3))
    target = features[:, 0] ** 2 * features[:, 1] + 1.0
    return Dataset.of(features, target, names=["x", "y", "d"], target_name="z")


def test_accuracy_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import r2_score

    rng = np.random.default_rng(1)
    target = rng.normal(size=200)
    prediction = target + 0.1 * rng.normal(size=200)
    found = accuracy(target, prediction)
    assert found.r2 == pytest.approx(r2_score(target, prediction), rel=1e-12)
    assert found.nmse == pytest.approx(1.0 - found.r2)
    assert found.max_relative_error == pytest.approx(np.max(np.abs(prediction / target - 1.0)))
    assert not found.accurate
    assert accuracy(target, target).accurate


def test_a_prediction_that_is_no_number_is_never_accurate() -> None:
    target = np.arange(10.0)
    for wrong in (np.nan, np.inf):
        prediction = target.copy()
        prediction[3] = wrong
        found = accuracy(target, prediction)
        assert not found.accurate
        assert found.finite == pytest.approx(0.9)
    with pytest.raises(ValueError, match="shape"):
        accuracy(target, target[:5])


def test_extrapolation_tells_laws_from_fits() -> None:
    truth = "x**2*y + 1"
    assert extrapolation_error("x*x*y + 1", truth, DOMAIN) == pytest.approx(0.0, abs=1e-25)
    near = extrapolation_error("x**2*y + 1.1", truth, DOMAIN)
    far = extrapolation_error("(6*x - 7)*y + 1", truth, DOMAIN)
    assert near is not None
    assert far is not None
    assert 0.0 < near < far
    assert extrapolation_error("log(5 - x)", "x", {"x": (1.0, 5.0)}) == np.inf
    assert extrapolation_error("x", "log(-x)", {"x": (1.0, 5.0)}) is None
    assert extrapolation_error("x*1e30", "1e30*x", {"x": (1e-3, 1e3)}) == 0.0


def test_nodes_are_those_of_sympy() -> None:
    import sympy

    for text in ("2*x + sin(x)", "x/y", "sqrt(x)*3.5 - 1"):
        assert sympy_nodes(text) == sum(1 for _ in sympy.preorder_traversal(sympy.sympify(text)))
    assert sympy_nodes("9**9**9**9*x", time_limit=0.5) is None


def test_score_holds_everything() -> None:
    judged = score("x*y*x + 1 + 0.5*(d - d)", "x**2*y + 1", domain=DOMAIN, test=table())
    record = judged.record()
    assert record["solved"] is True
    assert record["verdict"] == "equal"
    assert record["ned_canonical"] == 0.0
    assert record["r2"] == 1.0
    assert record["accurate"] is True
    assert record["extrapolation_error"] == pytest.approx(0.0, abs=1e-20)
    assert record["dummies"] == []
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_dummies_are_named() -> None:
    assert score("x**2*y + 1 + 1e-3*d", "x**2*y + 1", test=table()).dummies == ("d",)
    assert score("x + y", "x + y", names=["x", "y"], irrelevant=["y"]).dummies == ("y",)


def test_no_answer_no_truth_and_too_deep_an_answer() -> None:
    missing = score(None, "x + y").record()
    assert (missing["solved"], missing["ned"], missing["ned_canonical"]) == (False, 1.0, 1.0)
    unknown = score("x**2*y + 1", None, test=table()).record()
    assert (unknown["solved"], unknown["ned"], unknown["accurate"]) == (None, None, True)
    deep = score("sin(" * 300 + "x" + ")" * 300, "x").record()
    assert (deep["solved"], deep["verdict"], deep["ned"]) == (None, "undecided", 1.0)


def test_an_answer_of_numbers_only() -> None:
    record = score("nan", "x**2*y + 1", test=table()).record()
    assert (record["solved"], record["accurate"], record["r2"]) == (False, False, None)
    assert record["r2"] is None


def test_bad_input_is_said() -> None:
    with pytest.raises(ParseError, match=r"\^"):
        score("x +", "x")
    with pytest.raises(InputError, match="no column w"):
        score("w", "w", names=["w"], test=table())


def test_precision_is_that_of_the_table() -> None:
    """float32 data do not show a term of 1e-8: said so, and not solved."""
    features = np.random.default_rng(0).uniform(1.0, 5.0, (50, 1)).astype(np.float32).astype(np.float64)
    target = (features[:, 0] ** 2).astype(np.float32).astype(np.float64)
    test = Dataset.of(features, target, names=["x"])
    judged = score("x**2 + 1e-8*sin(x)", "x**2", test=test)
    assert judged.verdict.verdict == "within data precision only"
    assert judged.solved is False


def test_large_answers_cost_no_more_than_reading_them() -> None:
    text = "+".join(f"{i}.5*x*sin({i}*y)" for i in range(1, 1700))  # more than 10,000 nodes
    start = time.process_time()  # 5 s; of algebra without a limit it would be hours
    judged = score(text, "x*y + x**2", domain=DOMAIN, time_limit=6.0)
    assert judged.solved is False
    assert judged.ned == 1.0
    assert time.process_time() - start < 60.0
