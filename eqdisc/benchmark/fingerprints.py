"""The laws of all benchmarks as hashes, so that a model can be trained without having seen them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from eqdisc.benchmark.registry import load_suite, suite_names
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.task import Task
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.expr.simplify import simplify
from eqdisc.proposers.snip.excluded import Excluded, is_small

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Fingerprints:
    """What was found in the suites.

    excluded : the hashes of all laws of more than five nodes, without those of slope and intercept
    laws     : formulas hashed, each once for every task that has it
    small    : suite, task and formula of the smaller laws, which are not among the hashes
    """

    excluded: Excluded
    laws: int
    small: tuple[tuple[str, str, str], ...]


def fingerprints(
    suites: Iterable[str | Path] | None = None, progress: Progress | None = None
) -> Fingerprints:
    """Hashes of the truths, data laws and accepted forms of all tasks; of all suites where not told which.

    Each formula is hashed as written and simplified. It is small where one of both is.

    progress : called with the number of suites read, of suites to read, and the name of the next

    >>> found = fingerprints(["strogatz"])
    >>> found.laws, len(found.small)
    (12, 2)
    """
    names = list(suite_names() if suites is None else suites)
    forms: list[Expression] = []
    small: list[tuple[str, str, str]] = []
    laws = 0
    for number, name in enumerate(names):
        if progress is not None:
            progress(number, len(names), str(name))
        for task, formula, written in _formulas(load_suite(name)):
            shorter = simplify(written)
            if is_small(written) or is_small(shorter):
                small.append((str(name), task, formula))
            else:
                laws += 1
                forms += [written, shorter]
    return Fingerprints(Excluded.of(dict.fromkeys(forms)), laws, tuple(small))


def _formulas(suite: Suite) -> Iterator[tuple[str, str, Expression]]:
    """Task, text and expression of every formula of a suite, each text once a task."""
    for task in suite.tasks:
        for formula in dict.fromkeys(_texts(task)):
            yield task.name, formula, parse(formula, task.feature_names)


def _texts(task: Task) -> Iterator[str]:
    for formula in (*task.truths, task.data_law, *task.accepted):
        if formula is not None:
            yield formula


__all__ = ["Fingerprints", "fingerprints"]
