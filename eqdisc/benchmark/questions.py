"""How a contestant is asked for the law of a table, whatever its form, and how one that knows y = f(x)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.method import Adaptable, Answer, Budget, Method, SurfaceMethod
from eqdisc.benchmark.task import Form, Table, joined
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset

_WORDS = {
    "implicit": "points of an implicit surface",
    "parametric": "several outputs",
    "hidden": "points of a surface without its parameters",
}


@dataclass(frozen=True)
class Question:
    """What a contestant is asked: the form of the law, and what it may be made of (() for its own choice)."""

    form: Form = "explicit"
    operators: tuple[str, ...] = ()


def adapted(method: Method, question: Question) -> Method:
    """The method with the operators of the question, where it can take them."""
    if question.operators and isinstance(method, Adaptable):
        return method.with_operators(question.operators)
    return method


def reason_against(method: Method, form: Form) -> str | None:
    """Why a method cannot be asked for a form; None where it can.

    >>> from eqdisc.benchmark.methods import method
    >>> reason_against(method("gplearn"), "implicit")
    'gplearn finds one target as a function of inputs; it cannot be asked for points of an implicit surface'
    >>> reason_against(method("gplearn"), "parametric")
    """
    if form == "explicit" or form in _forms(method):
        return None
    return f"{method.name} finds one target as a function of inputs; it cannot be asked for {_WORDS[form]}"


def warm_up(method: Method, form: Form) -> None:
    """Warm up for a form."""
    if form != "explicit" and isinstance(method, SurfaceMethod) and form in method.surfaces():
        method.warm_up_surface(form)
    else:
        method.warm_up()


def ask(
    method: Method, form: Form, train: Table, budget: Budget, seed: int, validation: Dataset | None
) -> Answer:
    """The answer of a method; one that knows no surfaces is asked for one output after another."""
    if isinstance(train, Dataset):
        return method.solve(train, budget, seed, validation)
    if isinstance(method, SurfaceMethod) and form in method.surfaces():
        return method.solve_surface(form, train, budget, seed)
    if isinstance(train, Cloud):
        raise TypeError(reason_against(method, form))
    return one_by_one(method, train, budget, seed)


def one_by_one(method: Method, train: JointDataset, budget: Budget, seed: int) -> Answer:
    """Laws of several outputs, each by itself; each gets an equal share of the time."""
    share = Budget(budget.seconds / len(train.target_names), budget.threads)
    answers = [_one(method, train, column, share, seed + column) for column in range(len(train.target_names))]
    named = zip(train.target_names, answers, strict=True)
    formulas = {name: each.expression for name, each in named if each.expression is not None}
    whole = len(formulas) == len(answers)
    details: dict[str, Any] = {"outputs": [dict(each.details) for each in answers]}
    sizes = [each.details.get("complexity") for each in answers]
    if all(isinstance(size, int) for size in sizes):
        details["complexity"] = sum(size for size in sizes if size is not None)
    return Answer(
        joined(formulas) if whole else None,
        partial(stacked, [each.predict for each in answers]),
        details,
        form="parametric",
        expressions=formulas if whole else {},
    )


def stacked(predict: Sequence[Any], features: FloatArray) -> FloatArray:
    """(n, outputs) of functions that give (n,) or a number each."""
    columns = [np.broadcast_to(np.asarray(each(features), float), (len(features),)) for each in predict]
    return np.column_stack(columns)


def _one(method: Method, train: JointDataset, column: int, budget: Budget, seed: int) -> Answer:
    target = train.targets[:, column]
    if np.all(target == target[0]):  # no table has a constant target
        value = float(target[0])
        return Answer(repr(value), partial(_constant, value), {"complexity": 1})
    name = train.target_names[column]
    table = Dataset.of(train.features, target, train.feature_names, name)
    return method.solve(table, budget, seed, None)


def _constant(value: float, features: FloatArray) -> FloatArray:
    return np.full(len(features), value)


def _forms(method: Method) -> tuple[Form, ...]:
    if isinstance(method, SurfaceMethod):
        return (*method.surfaces(), "parametric")
    return ("parametric",)
