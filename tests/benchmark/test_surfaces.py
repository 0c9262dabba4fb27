"""Contestants and the judge on surfaces: every form is asked, answered, judged and summed up."""

import importlib.util
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from eqdisc.benchmark import contest
from eqdisc.benchmark.contest import SurfaceCase
from eqdisc.benchmark.execution import _check_form, _formulas
from eqdisc.benchmark.method import Answer, Budget
from eqdisc.benchmark.methods import method
from eqdisc.benchmark.process import Failed
from eqdisc.benchmark.questions import Question, adapted, ask, reason_against
from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.registry import load_suite
from eqdisc.benchmark.surface_judge import judged
from eqdisc.benchmark.surface_table import summarize_surfaces
from eqdisc.benchmark.task import Split, Task, joined
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import InputError, OptionError
from tests.benchmark.doubles import Double, Wrong

BUDGET = Budget(6.0, 1)
SPACE = ("x", "y", "z")
TURN = (0.0, 2.0 * math.pi)


@dataclass(frozen=True)
class Given:
    """The same tables at every seed."""

    split: Split

    def __call__(self, seed):
        return self.split


def plane_rows(rows=300, seed=0):
    return np.random.default_rng(seed).uniform(-2.0, 2.0, (rows, 2))


def explicit(noise=0.0):
    x, beyond = plane_rows(), 2.0 * plane_rows(seed=1)

    def table(rows):
        return Dataset.of(rows, rows[:, 0] * rows[:, 1], ["x", "y"], "z")

    split = Split(table(x), None, table(x[:100]), table(beyond), noise)
    box = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    return Task(
        "saddle", "s", ("x", "y"), "z", "x*y", box, Given(split), relevant=("x", "y"), category="saddles"
    )


def cylinder(hidden=False, noise=0.0):
    rows = np.random.default_rng(0).uniform((0.0, -1.0), (TURN[1], 1.0), (400, 2))
    u, v = rows.T
    points = np.column_stack([np.cos(u), np.sin(u), v])
    truths = {"x": "cos(u)", "y": "sin(u)", "z": "v"}
    if hidden:
        split = Split(Cloud.of(points, SPACE), None, Cloud.of(points[:200], SPACE), noise=noise)
    else:
        table = JointDataset.of(rows, points, ("u", "v"), SPACE)
        split = Split(table, None, JointDataset.of(rows[:200], points[:200], ("u", "v"), SPACE), noise=noise)
    return Task(
        "cylinder",
        "s",
        ("u", "v"),
        "",
        joined(truths),
        {"u": TURN, "v": (-1.0, 1.0)},
        Given(split),
        form="hidden" if hidden else "parametric",
        truths=tuple(truths.values()),
        target_names=SPACE,
        category="tubes",
    )


def circle():
    angle = np.random.default_rng(0).uniform(*TURN, 400)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    split = Split(Cloud.of(points, "xy"), None, Cloud.of(points[:200], "xy"), noise=0.01)
    box = {"x": (-1.5, 1.5), "y": (-1.5, 1.5)}
    return Task(
        "circle",
        "s",
        ("x", "y"),
        "",
        "x**2 + y**2 - 1",
        box,
        Given(split),
        form="implicit",
        category="curves",
    )


def score_of(task, *formulas, form=None, box=None, prediction=None, beyond=None):
    split = task.data(0)
    return judged(
        SurfaceCase(
            task,
            form or task.form,
            formulas,
            prediction,
            split.test,
            split.outside,
            beyond,
            split.noise,
            box or {},
        )
    )


@pytest.mark.parametrize("task", [explicit(), cylinder(), circle()], ids=lambda task: task.name)
def test_the_truth_scores_zero_error_against_itself(task):
    score = score_of(task, *task.truths)
    assert score["exact"] is score["solved"] is True
    assert score["distance"] < 1e-12
    assert score.get("nmse", 0.0) == score.get("outside_nmse", 0.0) == 0.0


def test_another_writing_of_the_law_is_exact_and_another_law_is_not():
    assert score_of(explicit(), "y*(x + 1) - y")["exact"] is True
    wrong = score_of(explicit(), "1.001*x*y")
    assert wrong["exact"] is wrong["solved"] is False
    assert wrong["nmse"] == pytest.approx(1e-6, rel=0.1)
    assert wrong["outside_nmse"] == pytest.approx(1e-6, rel=0.1)
    assert score_of(explicit(), "x*y + 0.1")["exact"] is False  # an additive constant is off
    assert "cannot be read" in score_of(explicit(), "x*(y")["reason"]


def test_a_model_without_formula_is_judged_by_its_values():
    task = explicit()
    split = task.data(0)
    score = score_of(task, prediction=split.test.target + 0.1, beyond=split.outside.target)
    assert score["exact"] is False
    assert score["outside_nmse"] == 0.0
    size = np.linalg.norm([*np.ptp(split.test.features, axis=0), np.ptp(split.test.target)])
    assert score["distance"] == pytest.approx(0.1 / size)
    joint = cylinder().data(0).test
    score = score_of(cylinder(), prediction=joint.targets)
    assert score["exact"] is False
    assert score["chamfer"] == 0.0


def test_values_that_are_no_numbers_are_infinitely_far():
    score = score_of(explicit(), "log(x)*y")
    assert score["exact"] is False
    assert math.isinf(score["nmse"])
    assert math.isinf(score["chamfer"])


def test_one_wrong_output_is_not_the_surface():
    score = score_of(cylinder(), "cos(u)", "sin(u)", "v + u/1000")
    assert score["exact"] is False
    assert "z is off" in score["reason"]
    assert score["nmse_outputs"][:2] == [0.0, 0.0]
    assert score_of(cylinder(), "sin(u + 1.5707963267948966)", "sin(u)", "v")["exact"] is True


def test_an_implicit_answer_is_judged_by_its_zeros_in_units_of_the_noise_too():
    assert score_of(circle(), "3 - 3*x**2 - 3*y**2")["exact"] is True
    near = score_of(circle(), "x**2 + y**2 - 1.0404")  # a radius of 1.02: two standard deviations off
    assert near["exact"] is False
    assert near["distance_sigma"] == pytest.approx(2.0, rel=1e-6)
    trivial = score_of(circle(), "0*x")
    assert trivial["exact"] is False
    assert "no surface" in trivial["reason"]
    assert "chamfer" not in trivial


def test_an_implicit_answer_without_a_truth_is_as_far_as_its_points_are_from_the_test_points():
    unknown = replace(circle(), truth=None, truths=())
    score = score_of(unknown, "x**2 + y**2 - 1")
    assert "exact" not in score
    # 200 points on a circle lie about 0.03 apart, which is 0.01 of the diagonal of its box.
    assert 0.0 < score["from_answer"] < 0.01
    assert score["to_answer"] < 1e-12
    assert score["distance"] == score["from_answer"]
    far = score_of(unknown, "(x**2 + y**2 - 1)*(x - 1.4)*(x + 1.4)*(y - 1.4)")  # most points are elsewhere
    assert math.isfinite(far["distance_sigma"])
    assert far["from_answer"] > 0.05


def test_a_hidden_surface_may_be_told_in_either_form():
    task = cylinder(hidden=True)
    assert score_of(task, "x**2 + y**2 - 1", form="implicit")["exact"] is True
    turned = ("sin(a)", "cos(a)", "2*b")
    box = {"a": (0.0, 7.0), "b": (-0.5, 0.5)}
    assert score_of(task, *turned, form="parametric", box=box)["exact"] is True
    assert "no range" in score_of(task, *turned, form="parametric")["reason"]
    wrong = score_of(task, "x**2 + y**2 - 1.1", form="implicit")
    assert wrong["exact"] is False
    assert 0.01 < wrong["distance"] < 0.05
    both = score_of(
        task, "(x**2 + y**2 - 1)*(x - z)", form="implicit"
    )  # has points that the cylinder has not
    assert both["exact"] is False


def test_a_task_whose_truth_is_no_surface_is_named_and_no_answer_blamed():
    nowhere = replace(circle(), truth="x**2 + y**2 + 1", truths=("x**2 + y**2 + 1",))
    with pytest.raises(InputError, match=r"the task circle of s cannot be judged: its truth x.*no surface"):
        score_of(nowhere, "x**2 + y**2 - 1")
    unread = replace(circle(), truths=("x**2 + (y",))
    with pytest.raises(InputError, match="its truth"):
        score_of(unread, "x**2 + y**2 - 1")
    point = replace(cylinder(hidden=True), truths=("u - u", "v - v", "u/u"))
    with pytest.raises(InputError, match="it is a"):
        score_of(point, "x**2 + y**2 - 1", form="implicit")


def test_points_that_are_one_point_judge_nothing():
    one = np.ones((5, 2))
    for points in (one, one[:0]):
        task = circle()
        split = replace(task.data(0), test=Cloud(points, ("x", "y")))
        with pytest.raises(InputError, match=f"no two of its {len(points)} test points are apart"):
            score_of(replace(task, sampler=Given(split)), "x**2 + y**2 - 1")


def test_outputs_that_do_not_vary_divide_by_nothing():
    task = explicit()
    split = task.data(0)
    flat = replace(split.test, target=np.full(split.test.n_rows, 2.0))
    outside = replace(split.outside, target=np.full(split.outside.n_rows, 2.0))
    split = replace(split, test=flat, outside=outside)
    task = replace(task, sampler=Given(split), truths=("2",))
    assert score_of(task, prediction=flat.target, beyond=split.outside.target)["outside_nmse"] == 0.0
    assert score_of(task, prediction=flat.target + 1.0)["nmse"] > 1e100


def test_too_few_formulas_are_wrong():
    score = score_of(cylinder(), "cos(u)", "sin(u)")
    assert score["exact"] is False
    assert score["reason"] == "the answer is of 2 formulas; wanted 3"


FOUND = {"expression": "x = u; y = v", "expressions": {"x": "u", "y": "v"}}


def test_the_formulas_of_an_answer():
    assert _formulas(FOUND, ("y", "x")) == ("v", "u")
    assert _formulas(FOUND, ()) == ("u", "v")
    assert _formulas({"expression": "u", "expressions": {}}, ()) == ("u",)
    assert _formulas({"expression": None, "expressions": {}}, ("x",)) == ()
    _check_form("parametric", {"a": (0.0, 1.0)})


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: _formulas(FOUND, SPACE), "formulas of x, y, and none of z"),
        (lambda: _check_form("round", {}), "its form is 'round'; wanted explicit"),
        (lambda: _check_form("parametric", {"a": 3.0}), "range of its parameter 'a' is 3.0"),
        (lambda: _check_form("parametric", {"a": (1.0, 1.0)}), "the smaller one first"),
        (lambda: _check_form("parametric", {"a": (0.0, math.inf)}), "the smaller one first"),
        (lambda: _check_form("parametric", {"a": ("0", "b")}), "the smaller one first"),
    ],
)
def test_a_badly_formed_answer_is_a_failure_with_its_reason(check, said):
    with pytest.raises(Failed, match="the answer is badly formed") as failure:
        check()
    assert failure.value.status is Status.ERROR
    assert said in str(failure.value)


# ---------------------------------------------------------------- contestants


@dataclass(frozen=True)
class Halves(Double):
    """Answers with half the first input, and notes how it was asked."""

    name: str = "halves"

    def solve(self, train, budget, seed, validation):
        found = {"seconds": budget.seconds, "seed": seed, "target": train.target_name}
        return Answer(f"{train.feature_names[0]}/2", partial(_half), found | {"complexity": 3})


def _half(features):
    return features[:, 0] / 2.0


def test_who_knows_one_target_is_asked_for_one_output_after_another():
    table = cylinder().data(0).train
    table = replace(table, targets=np.column_stack([table.targets[:, 0], 0.0 * table.targets[:, 0] + 2.5]))
    table = replace(table, target_names=("x", "y"))
    answer = ask(Halves(), "parametric", table, BUDGET, 3, None)
    assert answer.form == "parametric"
    assert answer.expressions == {"x": "u/2", "y": "2.5"}
    assert answer.expression == "x = u/2; y = 2.5"
    assert answer.details["outputs"][0]["seconds"] == BUDGET.seconds / 2
    assert answer.details["complexity"] == 4
    values = answer.predict(table.features[:3])
    np.testing.assert_allclose(values, np.column_stack([table.features[:3, 0] / 2.0, [2.5] * 3]))


def test_who_cannot_be_asked_says_so():
    state = {}
    ready = contest.prepare(state, Wrong(), circle().data(0).train, None, Question("implicit"))
    assert "wrong finds one target as a function of inputs" in ready["reason"]
    for name in ("pyoperon", "gplearn", "nearest-5", "eqdisc-gp"):
        assert reason_against(method(name), "hidden") is not None
        assert reason_against(method(name), "parametric") is reason_against(method(name), "explicit") is None
    assert reason_against(method("eqdisc"), "hidden") is reason_against(method("linear"), "implicit") is None


def test_operators_reach_those_who_can_take_them():
    offered = ("add", "mul", "where", "max")
    for name in ("eqdisc", "pyoperon"):
        assert adapted(method(name), Question("explicit", offered)).operators == offered
        assert adapted(method(name), Question()) is method(name)
    assert adapted(method("mean"), Question("explicit", offered)) is method("mean")
    if method("pyoperon").available() is None:
        from eqdisc.benchmark.methods.pyoperon_gp import _symbols

        assert _symbols(offered) == ("add", "mul", "fmax")


@pytest.mark.parametrize("name", ["mean", "linear", "nearest-5"])
def test_floors_are_told_of_given_inputs(name):
    for task in (explicit(), cylinder()):
        split, state = task.data(0), {}
        contest.prepare(state, method(name), split.train, None, Question(task.form))
        found = contest.solve(state, BUDGET, 0)
        prediction = contest.predict(state, split.test.features)
        formulas = tuple(found["expressions"].values()) or (
            (found["expression"],) if found["expression"] else ()
        )
        score = score_of(task, *formulas, prediction=prediction)
        assert score["exact"] is False
        assert 0.0 < score["nmse"] < 1.5


def test_a_plane_is_the_floor_of_points():
    split, state = circle().data(0), {}
    contest.prepare(state, method("mean"), split.train, None, Question("implicit"))
    found = contest.solve(state, BUDGET, 0)
    assert found["form"] == "implicit"
    score = score_of(circle(), found["expression"])
    assert score["exact"] is False
    assert score["distance"] > 0.1


def test_a_tilted_plane_is_found_by_the_linear_floor():
    x, y = plane_rows().T
    cloud = Cloud.of(np.column_stack([x, y, 1.0 + 2.0 * x - y]), SPACE)
    answer = ask(method("linear"), "implicit", cloud, BUDGET, 0, None)
    assert np.abs(answer.predict(cloud.points)).max() < 1e-12


# ---------------------------------------------------------------- tables


def record(number, score, form="implicit", status=Status.OK, **facts):
    return Record(
        "surface",
        f"t{number}",
        "m",
        0,
        1,
        "p",
        form=form,
        category=form,
        truth="x",
        status=status,
        score=score,
        **facts,
    )


def test_runs_without_an_answer_are_infinitely_far():
    runs = [record(n, {"exact": n == 0, "distance": 0.1 * n}) for n in range(3)]
    (row,) = summarize_surfaces([*runs, record(3, {}, status=Status.TIMEOUT)])
    assert (row.runs, row.failed, row.unasked, row.exact.value) == (4, 1, 0, 0.25)
    assert row.medians == {"distance": pytest.approx(0.15)}
    more = [record(n, {}, status=Status.UNAVAILABLE) for n in range(4, 8)]
    (row,) = summarize_surfaces([*runs, *more])
    assert math.isinf(row.medians["distance"])
    assert row.record()["distance"] is None
    assert row.unasked == 4


def test_groups_are_by_form_and_category_and_other_suites_have_none():
    runs = [record(0, {"exact": True}), record(1, {"exact": False, "nmse": 0.5}, form="parametric")]
    other = Record("classic", "Nguyen-1", "m", 0, 1, "p", truth="x", score={"solved": True})
    rows = summarize_surfaces([*runs, other], ("category",))
    assert [row.group for row in rows] == [{"category": "implicit"}, {"category": "parametric"}]
    assert "nmse" not in rows[0].medians
    with pytest.raises(OptionError, match="cannot be grouped by 'from'; did you mean 'form'"):
        summarize_surfaces(runs, ("from",))


def test_records_of_before_are_read_as_explicit():
    line = Record("classic", "Nguyen-1", "m", 0, 1, "p").line()
    for key in ('"form": "explicit", ', '"answers": {}, ', '"category": "", '):
        assert key in line
        line = line.replace(key, "")
    assert Record.of_line(line) == Record("classic", "Nguyen-1", "m", 0, 1, "p")


def test_the_tables_of_the_benchmark_put_methods_side_by_side():
    path = Path(__file__).parents[2] / "benchmarks" / "surfaces" / "tables.py"
    spec = importlib.util.spec_from_file_location("surface_tables", path)
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    runs = [record(n, {"exact": n == 0, "distance": 0.5}) for n in range(2)]
    runs += [replace(run, method="other", score={"exact": False}) for run in runs]
    (line,) = tables.by_category(runs)
    assert line == {"set": "surface", "category": "high-degree implicit", "m": "50", "other": "0"}
    first, second = tables.by_form(runs)
    assert (first["distance"], second["distance"]) == ("0.5", "")
    assert "NMSE" not in first
    assert tables.markdown([line]).splitlines()[0] == "| set | category | m | other |"
    assert "measured yet" in tables.block("no such folder")
    first = replace(runs[0], limits={"seconds": 20.0, "threads": 2})
    whole = {"sample": None, "suites": {"surface": dict.fromkeys("ab")}}
    some = {**whole, "sample": 2}
    assert tables.sample_of(whole) == ""
    assert tables.sample_of(some) == "a seeded 2 of 183"
    assert tables.sample_of({**some, "suites": {"elsewhere.h5": {"a": ""}}}).endswith(
        "1 tasks of elsewhere.h5"
    )
    every = [task.name for task in load_suite("surface-hidden").tasks]
    assert tables.sample_of({"sample": 40, "suites": {"surface-hidden": dict.fromkeys(every)}}) == ""
    assert tables._stamp([first], 0, tables.sample_of(some)).startswith(
        "A seeded 2 of 183; 20 s on 2 threads;"
    )
    assert tables._stamp([first], 1, "").startswith("20 s on 2 threads;")
