"""What is done in the processes of a benchmark: a contestant's search in one, judging its answer in another.

The contestant's process is given the table to search, its budget and its seed; neither the truth nor the test
rows. Only after its answer has left it is it shown the features of the test rows, to predict them.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.questions import Question, adapted, ask, reason_against, warm_up
from eqdisc.benchmark.record import plain
from eqdisc.benchmark.task import Table, Task
from eqdisc.data.dataset import Dataset

if TYPE_CHECKING:
    from eqdisc.benchmark.method import Budget, Method

State = dict[str, Any]


def prepare(
    state: State,
    method: "Method",
    train: Table,
    validation: Dataset | None,
    question: Question | None = None,
) -> dict[str, Any]:
    """Take the method and its table, and warm up, outside the clock: its version, or why it cannot run."""
    question = question or Question()
    method = adapted(method, question)
    reason = method.available() or reason_against(method, question.form)
    if reason is not None:
        return {"reason": reason}
    begin = time.perf_counter()
    warm_up(method, question.form)
    state.update(method=method, train=train, validation=validation, question=question)
    return {"reason": None, "version": method.version(), "seconds": time.perf_counter() - begin}


def solve(state: State, budget: "Budget", seed: int) -> dict[str, Any]:
    """Search: the formulas, what the method tells of them, wall-clock and processor seconds."""
    processor, begin = _processor_seconds(), time.perf_counter()
    form = state["question"].form
    answer = ask(state["method"], form, state["train"], budget, seed, state["validation"])
    seconds = time.perf_counter() - begin
    state["answer"] = answer
    return {
        "expression": None if answer.expression is None else str(answer.expression),
        "expressions": {str(name): str(each) for name, each in answer.expressions.items()},
        "form": answer.form,
        "box": dict(answer.box),
        "details": plain(answer.details),
        "wall_seconds": seconds,
        "cpu_seconds": _processor_seconds() - processor,
    }


def predict(state: State, features: FloatArray) -> FloatArray:
    """What the method's model gives for these rows, (n,), or (n, outputs) where there are several."""
    values = np.asarray(state["answer"].predict(features), dtype=np.float64)
    return values if state["question"].form == "parametric" else values.reshape(-1)


@dataclass(frozen=True)
class Case:
    """What the judge is to judge: an answer, the method's predictions of the test rows, and the truth."""

    answer: str | None
    prediction: FloatArray | None
    test: Dataset
    truth: str | None
    domain: Mapping[str, tuple[float, float]]
    irrelevant: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class SurfaceCase:
    """What the judge is to judge of a surface.

    task       : with its truth
    form       : of the answer
    formulas   : one F, or one formula for each output; empty where the method gives none
    prediction : (n,) or (n, outputs) at the test inputs, where the method gives them
    test       : the table to judge by, without noise
    outside, beyond : rows outside the domain, where there are some, and the method's values there
    noise      : standard deviation of the noise on what was learned from
    box        : range of each parameter of an answer to a hidden surface
    """

    task: Task
    form: str
    formulas: tuple[str, ...]
    prediction: FloatArray | None
    test: Table
    outside: Dataset | None = None
    beyond: FloatArray | None = None
    noise: float = 0.0
    box: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def judge_surface(state: State, case: SurfaceCase) -> dict[str, Any]:
    """The score of an answer to a surface, as plain values; see `eqdisc.benchmark.surface_judge`."""
    from eqdisc.benchmark.surface_judge import judged

    record: dict[str, Any] = plain(judged(case))
    return record


def judge(state: State, case: Case) -> dict[str, Any]:
    """The score of an answer, as plain values.

    Without a formula there are only predictions to judge; without a truth, only how well they fit. `r2_model`
    is that of the method's own predictions, which should be that of its formula. `dummies` are told where the
    task has inputs that do not matter, `fastsrb` where it has accepted forms.
    """
    from eqdisc.errors import InputError
    from eqdisc.metrics.accuracy import accuracy

    try:
        found = _formula_score(case)
    except InputError as error:
        found = _wrong(f"the answer cannot be read: {error}")
    if not case.irrelevant:
        found.pop("dummies", None)
    if not case.accepted:  # FastSRB's rule is about a list of forms
        found.pop("fastsrb", None)
    if case.prediction is not None and case.prediction.shape == case.test.target.shape:
        own = accuracy(case.test.target, case.prediction)
        found["r2_model"] = own.r2
        if case.answer is None:
            found |= {"r2": own.r2, "nmse": own.nmse, "accurate": own.accurate}
    record: dict[str, Any] = plain(found)
    return record


def _formula_score(case: Case) -> dict[str, Any]:
    """What the judge says of the formula, where there is one. InputError where it cannot be read."""
    if case.truth is None:
        return {} if case.answer is None else _fit(case.answer, case.test)
    if case.answer is None:
        return _wrong("the method gives no formula")
    from eqdisc.metrics.score import score

    return score(
        case.answer,
        case.truth,
        names=case.test.feature_names,
        domain=case.domain or None,
        test=case.test,
        irrelevant=case.irrelevant,
        accepted=case.accepted,
    ).record()


def _fit(answer: str, test: Dataset) -> dict[str, Any]:
    """How well a formula fits, where no truth is known."""
    from eqdisc.engine.reference import evaluate
    from eqdisc.metrics.accuracy import accuracy, sympy_nodes
    from eqdisc.metrics.formulas import read_formula

    formula = read_formula(answer, test.feature_names)
    values = accuracy(test.target, evaluate(formula.tree, test.features))
    return {
        "r2": values.r2,
        "nmse": values.nmse,
        "accurate": values.accurate,
        "finite": values.finite,
        "complexity": sympy_nodes(answer, test.feature_names),
    }


def _wrong(reason: str) -> dict[str, Any]:
    return {"solved": False, "verdict": "different", "reason": reason, "ned": 1.0, "ned_canonical": 1.0}


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
