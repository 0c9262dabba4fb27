"""Short searches answer as they did when their answers were kept; see `runs` for how to keep new ones."""

import pytest

from eqdisc.expr.canonical import canonical, skeleton
from eqdisc.expr.parse import parse
from tests.golden.runs import FOLDER, RUNS, kept


def test_every_kept_answer_has_its_run() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_answers_as_kept(name: str) -> None:
    laws, answers = RUNS[name](), kept(name)
    assert [law.found_by for law in laws] == [answer["found_by"] for answer in answers]
    for law, answer in zip(laws, answers, strict=True):
        expected = parse(answer["law"], law.feature_names)
        assert skeleton(law.tree) == skeleton(expected), (law.expression, answer["law"])
        assert canonical(law.tree).constants == pytest.approx(canonical(expected).constants, rel=1e-6)
