"""The bars of the judge on a sample of the laws; benchmarks/judge/judge.py does all of them."""

from pathlib import Path

import numpy as np
import pytest

from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.metrics.solution import check_solution

JUDGE = Path(__file__).parents[2] / "benchmarks" / "judge"


@pytest.fixture(params=[6, pytest.param(20, marks=pytest.mark.slow)])
def laws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list:  # type: ignore[type-arg]
    import json

    monkeypatch.syspath_prepend(str(JUDGE))
    from judge import PROBLEMS, Law

    found = [Law(problem) for problem in json.loads(PROBLEMS.read_text())["problems"]]
    return [found[i] for i in np.random.default_rng(7).permutation(len(found))[: request.param]]


def test_rewritten_laws_are_solved(laws: list) -> None:  # type: ignore[type-arg]
    from rewrites import by_rules, by_sympy, fitted

    rng = np.random.default_rng(1)
    for law in laws:
        texts = [text for _, text in by_sympy(law.text, law.names, law.positive)][:2]
        texts += [by_rules(law.tree, law.names, rng), fitted(law.tree, law.names, law.sample(rng), rng)]
        for text in texts:
            found = check_solution(text, law.text, domain=law.domain, names=law.names, peers=False)
            assert found.solved, (law.text, text, found.reason)


def test_wrong_laws_are_refused(laws: list) -> None:  # type: ignore[type-arg]
    from judge import is_visible
    from rewrites import wrong

    rng = np.random.default_rng(2)
    tried = 0
    while tried < 3 * len(laws):
        law = laws[rng.integers(len(laws))]
        changed = wrong(law.tree, len(law.names), rng)
        if changed is None or not is_visible(law, changed[1], rng):
            continue
        text = format_expression(changed[1], law.names)
        found = check_solution(text, law.text, domain=law.domain, names=law.names, peers=False)
        assert found.solved is False, (law.text, text, found.reason)
        assert parse(text, law.names) != law.tree
        tried += 1
