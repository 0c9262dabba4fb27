import json
import pickle

import numpy as np
import pytest

from eqdisc.benchmark import load_suite, make_srsd
from eqdisc.benchmark.suites import srsd
from eqdisc.benchmark.suites.srsd import LEVELS, SIZES, dummy_columns, facts_of_problems, problems
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, InputError, OptionError
from eqdisc.expr.parse import parse

MISMATCHED = {"I.34.14", "III.9.52", "B13"}
ALL = [(level, dummies) for level in LEVELS for dummies in (False, True)]


def suite(level, dummies=False):
    return load_suite(f"srsd-{level}" + ("-dummy" if dummies else ""))


def every_task(dummies):
    return [task for level in LEVELS for task in suite(level, dummies).tasks]


def r2(predicted, target):
    return 1.0 - np.sum(np.square(target - predicted)) / np.sum(np.square(target - target.mean()))


@pytest.mark.parametrize(("level", "dummies"), ALL)
def test_sizes(level, dummies):
    assert len(suite(level, dummies).tasks) == SIZES[level]


def test_ceilings_of_what_can_be_decided():
    assert [sum(task.decidable for task in suite(level).tasks) for level in LEVELS] == [30, 39, 41]
    undecided = {task.name for task in every_task(False) if not task.decidable}
    assert undecided == MISMATCHED | {"II.11.28", "II.36.38", "III.17.37", "B4", "B11", "B16", "B17"}
    assert {task.name for task in every_task(True) if not task.decidable} == undecided | {"B8"}


def test_undecided_problems_say_why():
    for task in every_task(False) + every_task(True):
        assert task.decidable or task.notes


def test_the_three_truths_that_are_not_the_law_of_their_data():
    for dummies in (False, True):
        found = {task.name: task for task in every_task(dummies) if task.data_law is not None}
        assert set(found) == MISMATCHED
        for task in found.values():
            test = task.data(0).test
            assert r2(evaluate(parse(task.truth, task.feature_names), test.features), test.target) < 0.99
            assert r2(evaluate(parse(task.data_law, task.feature_names), test.features), test.target) > 0.999
            assert "the data follow" in task.notes[0]


@pytest.mark.parametrize("dummies", [False, True])
def test_rows_are_parted_as_published(dummies):
    split = suite("easy", dummies).task("I.12.1").data(1)
    assert [table.n_rows for table in split.tables()] == [8000, 1000, 1000]
    assert split.validation is not None


def test_targets_are_in_the_range_of_float32_and_not_below_it():
    for name in ("I.6.20", "III.15.12", "II.24.17", "B7"):
        task = next(task for task in every_task(False) if task.name == name)
        for table in task.data(0).tables():
            assert np.all(np.abs(table.target) >= np.finfo(np.float32).tiny)
            assert np.all(np.abs(table.target) <= np.finfo(np.float32).max)


def test_rejected_rows_shape_the_inputs_as_in_the_source():
    facts = {each["id"]: each for each in facts_of_problems()}
    for name in ("I.41.16", "II.24.17", "B4", "III.15.12"):
        train = next(task for task in every_task(False) if task.name == name).data(0).train
        for column, variable in zip(train.features.T, facts[name]["variables"], strict=True):
            low, high = variable["accepted_range"]
            slack = 0.02 * max(abs(low), abs(high))
            assert low - slack <= column.min() <= column.max() <= high + slack


def test_the_recipe_of_dummies():
    layouts = [dummy_columns(f"problem {k}", 3) for k in range(600)]
    counts = np.bincount([len(layout) for layout in layouts], minlength=4)
    assert counts[0] == 0
    assert np.all(np.abs(counts[1:] - 200) < 60)
    dummies = [dummy for layout in layouts for dummy in layout]
    assert {dummy.position for dummy in dummies} == {0, 1, 2, 3}
    assert {dummy.decade for dummy in dummies} == set(range(-32, 33))
    assert abs(np.mean([dummy.signed for dummy in dummies]) - 0.5) < 0.07
    for layout in layouts:
        assert [each.position for each in layout] == sorted((each.position for each in layout), reverse=True)


def test_dummies_stand_among_the_true_columns_which_are_rounded():
    for plain, wide in zip(every_task(False), every_task(True), strict=True):
        assert wide.name == plain.name
        assert 1 <= len(wide.dummies) <= 3
        assert len(wide.feature_names) == len(plain.feature_names) + len(wide.dummies)
    plain, wide = suite("medium").task("I.11.19"), suite("medium", True).task("I.11.19")
    true = [wide.feature_names.index(name) for name in wide.relevant]
    for before, after in zip(plain.data(4).tables(), wide.data(4).tables(), strict=True):
        assert np.array_equal(after.features[:, true], before.features.astype(np.float32))
        assert np.array_equal(after.target, before.target.astype(np.float32))
        assert np.array_equal(after.features, after.features.astype(np.float32))


def test_dummies_do_not_matter_and_lie_in_their_decades():
    task = suite("easy", True).task("I.12.5")
    train = task.data(0).train
    for name in task.dummies:
        column = np.log10(np.abs(train.features[:, train.feature_names.index(name)]))
        low, high = (abs(end) for end in sorted(task.domain[name], key=abs))
        assert abs(np.corrcoef(column, np.log10(np.abs(train.target)))[0, 1]) < 0.06
        assert column.max() - column.min() == pytest.approx(2.0, abs=0.01)
        assert np.log10(high) == pytest.approx(column.max(), abs=0.01)
        assert low <= high


def test_truths_with_dummies_give_the_data_to_float32():
    for task in every_task(True):
        features, targets = task.sampler.rows(0)
        law = parse(task.data_law or task.truth, task.feature_names)
        fit = r2(evaluate(law, features[9000:]), targets[9000:])
        assert (fit > 0.99999) != (task.name == "II.11.28"), task.name


def test_facts_are_read_once_and_not_at_import():
    assert srsd.facts_of_problems() is facts_of_problems()


# ---------------------------------------------------------------- written out, and read as published


@pytest.fixture
def few(monkeypatch):
    """Only two problems a level, so that files are written quickly."""

    def chosen(level, dummies=False):
        return problems(level, dummies)[:2]

    monkeypatch.setattr(make_srsd, "problems", chosen)


def test_written_tables_are_read_as_the_same_tasks(few, tmp_path):
    seen = []
    folders = make_srsd.make_srsd(
        tmp_path, levels=["easy"], seed=5, progress=lambda done, total, name: seen.append((done, total, name))
    )
    assert [folder.name for folder in folders] == ["srsd-feynman_easy", "srsd-feynman_easy_dummy"]
    assert seen[0][:2] == (0, 4)
    assert seen[-1] == (4, 4, "")
    for folder, dummies in zip(folders, (False, True), strict=True):
        loaded = load_suite(folder)
        assert {task.name for task in loaded.tasks} == {
            task.name for task in suite("easy", dummies).tasks[:2]
        }
        for task in loaded.tasks:
            own = suite("easy", dummies).task(task.name)
            assert task.truth == own.truth
            assert task.relevant == own.relevant
            assert task.decidable == own.decidable
            assert task.feature_units == own.feature_units
            assert pickle.loads(pickle.dumps(task)) == task
            for mine, theirs in zip(own.data(5).tables(), task.data(0).tables(), strict=True):
                assert np.array_equal(mine.features, theirs.features)
                assert np.array_equal(mine.target, theirs.target)


def test_the_published_layout(few, tmp_path):
    (folder,) = make_srsd.make_srsd(tmp_path, levels=["hard"], dummies=[False])
    assert sorted(path.name for path in folder.iterdir()) == ["supp_info.json", "test", "train", "val"]
    stem = problems("hard")[0].file_name
    line = (folder / "train" / f"{stem}.txt").read_text().splitlines()[0]
    assert len(line.split(" ")) == len(problems("hard")[0].inputs) + 1
    information = json.loads((folder / "supp_info.json").read_text())[stem]
    assert information["sympy_eq_str"] == problems("hard")[0].truth
    assert len(information["si-derived_units"]) == len(problems("hard")[0].inputs) + 1


def test_writing_again_is_harmless_and_other_numbers_are_not_overwritten(few, tmp_path):
    options = {"levels": ["easy"], "dummies": [False]}
    make_srsd.make_srsd(tmp_path, **options)
    make_srsd.make_srsd(tmp_path, **options)
    with pytest.raises(DataError, match="other content"):
        make_srsd.make_srsd(tmp_path, seed=1, **options)
    make_srsd.make_srsd(tmp_path, seed=1, force=True, **options)
    with pytest.raises(OptionError, match="no level 'simple'"):
        make_srsd.make_srsd(tmp_path, levels=["simple"])


def published(folder, information=None, columns=2):
    rng = np.random.default_rng(0)
    for name, rows in (("train", 40), ("val", 8), ("test", 8)):
        (folder / name).mkdir(parents=True)
        features = rng.uniform(1.0, 2.0, (rows, columns))
        table = np.column_stack([features, features[:, 0] * features[:, -1]])
        np.savetxt(folder / name / "feynman-i.12.1.txt", table)
    if information is not None:
        (folder / "supp_info.json").write_text(json.dumps(information))
    return folder


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


def test_pickles_are_never_opened(tmp_path):
    folder = published(tmp_path / "set")
    (folder / "true_eq").mkdir()
    (folder / "true_eq" / "feynman-i.12.1.pkl").write_bytes(pickle.dumps(Trap()))
    task = load_suite(folder).tasks[0]
    assert (task.name, task.truth) == ("I.12.1", "x0*x1")  # known without it


def test_a_published_table_with_dummies_has_its_truth_from_the_text(tmp_path):
    information = {"feynman-i.12.1": {"sympy_eq_str": "x0*x2", "si-derived_units": ["$N$", "", "$m$", "$N$"]}}
    task = load_suite(published(tmp_path / "a", information, columns=3)).tasks[0]
    assert (task.truth, task.dummies, task.decidable) == ("x0*x2", ("x1",), True)
    assert (task.target_unit, task.feature_units) == ("N", (None, "m", "N"))
    unknown = load_suite(published(tmp_path / "b", columns=3)).tasks[0]
    assert unknown.truth is None
    assert "not opened" in unknown.notes[0]
    odd = load_suite(published(tmp_path / "c", {"feynman-i.12.1": {"sympy_eq_str": "x0*foo(x1)"}})).tasks[0]
    assert odd.truth is None
    assert "not understood" in odd.notes[0]


def test_what_is_wrong_with_a_published_folder_is_said(tmp_path):
    broken = published(tmp_path / "a")
    (broken / "val" / "feynman-i.12.1.txt").unlink()
    with pytest.raises(InputError, match=r"val.*is missing"):
        load_suite(broken)
    letters = published(tmp_path / "b")
    (letters / "train" / "feynman-i.12.1.txt").write_text("1 2\nthree 4\n")
    with pytest.raises(DataError, match="cannot be read as numbers"):
        load_suite(letters)
    information = published(tmp_path / "c")
    (information / "supp_info.json").write_text("[1, 2")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        load_suite(information)
