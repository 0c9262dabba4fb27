"""The runner: every run ends in a record, nothing is lost, the same command goes on where it stopped."""

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from eqdisc.benchmark.method import Budget
from eqdisc.benchmark.plan import Limits, Plan, differences
from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.results import read_results
from eqdisc.benchmark.runner import Progress, run_suite
from eqdisc.benchmark.suite import Suite
from eqdisc.errors import OptionError
from tests.benchmark import doubles
from tests.benchmark.doubles import Double, Slow, lines
from tests.benchmark.test_process import is_alive

QUICK = Limits(seconds=20.0, threads=1, grace=10.0, memory=2.0)
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory and parents are watched on Linux")


def run(out: Path, *methods: Double, suite: Suite | None = None, **settings: object) -> list[Record]:
    settings.setdefault("limits", QUICK)
    return run_suite(suite or lines(1), methods or [Double()], out=out, **settings)  # type: ignore[arg-type]


def test_an_answer_is_judged_and_kept(tmp_path: Path) -> None:
    (record,) = run(tmp_path)
    assert record.key == ("lines", "line-0", "double", 0)
    assert record.status is Status.OK
    assert (record.answer, record.truth) == ("2*x0", "2.0*x0")
    assert record.solved is True
    assert record.score["ned_canonical"] == 0.0
    assert record.score["r2"] > 0.999
    assert record.score["r2_model"] == pytest.approx(1.0)
    assert record.wall_seconds is not None
    assert record.wall_seconds < 5.0
    assert record.versions["double"] == "1.0"
    assert record.limits == {"seconds": 20.0, "threads": 1}
    assert {"eqdisc", "python", "numpy"} <= set(record.versions)
    assert record.machine["cores"] == os.cpu_count()
    assert record.details == {"seed": record.seed, "threads": "1"}
    assert read_results(tmp_path) == [record]


@pytest.mark.parametrize(
    ("method", "status", "words"),
    [
        (doubles.Raises(), Status.ERROR, "ArithmeticError: no luck today"),
        (doubles.Dies(), Status.CRASH, "a native library gave up"),
        (doubles.Prints(), Status.OK, ""),
        pytest.param(doubles.Hungry(), Status.MEMORY, "the limit is 512 MiB", marks=ON_LINUX),
        (doubles.Hangs(), Status.TIMEOUT, "stopped after 1.5 s"),
    ],
    ids=lambda value: value.name if isinstance(value, Double) else "",
)
def test_every_end_is_a_record(tmp_path: Path, method: Double, status: Status, words: str) -> None:
    limits = Limits(20.0, 1, 10.0, 0.5)
    if status is Status.TIMEOUT:
        limits = Limits(0.5, 1, 1.0, 0.5)
    (record,) = run(tmp_path, method, limits=limits)
    assert (record.status, record.solved) == (status, status is Status.OK)
    assert words in record.message
    assert run(tmp_path, method, limits=limits) == [record]  # not done again


def test_answers_that_are_no_laws_are_judged_all_the_same(tmp_path: Path) -> None:
    wrong, unreadable, none = run(tmp_path, doubles.Wrong(), doubles.Unreadable(), doubles.NoFormula())
    assert (wrong.solved, wrong.score["verdict"]) == (False, "different")
    assert wrong.score["dummies"] == ["x1"]
    assert (unreadable.solved, unreadable.score["ned"]) == (False, 1.0)
    assert "cannot be read" in unreadable.score["reason"]
    assert (none.solved, none.score["accurate"]) == (False, True)


def test_a_task_without_data_does_not_end_the_rest(tmp_path: Path) -> None:
    suite = lines(2)
    broken = replace(suite.tasks[0], sampler=BreaksLater())
    first, second = run(tmp_path, suite=replace(suite, tasks=(broken, suite.tasks[1])))
    assert (first.status, first.message) == (Status.ERROR, "the task has no data: the table is gone")
    assert second.status is Status.OK


class BreaksLater:
    """Has numbers for the checksum of the plan, and none for the run."""

    def __call__(self, seed: int) -> object:
        return doubles.Line(2.0)(seed) if seed == 0 else doubles.NoData()(seed)


@ON_LINUX
def test_the_truth_never_reaches_the_method(tmp_path: Path) -> None:
    number = "73519.28815067"
    task = doubles.line("secret", float(number), description=f"secret: {number}", notes=(f"it is {number}",))
    spy = doubles.Spy(pattern=r"73519\.2881[0-9]067")  # does not match its own text
    (record,) = run(tmp_path, spy, suite=Suite("lines", "", (task,)))
    assert record.status is Status.OK
    assert record.details == {"found": 0, "rows": 20}
    # That it would have found it: the same search where the task is.
    here = pickle.dumps(task)
    assert number.encode() in here
    assert spy.search() > 0


def test_seeds_come_from_names(tmp_path: Path) -> None:
    other = replace(Double(), name="other")
    whole = run(tmp_path / "a", Double(), other, suite=lines(3), repetitions=2)
    part = run(tmp_path / "b", other, suite=lines(3), tasks=["line-2"], repetitions=1)
    seeds = {record.key: record.seed for record in whole}
    assert len(set(seeds.values())) == len(seeds) == 12
    assert [(record.key, record.seed) for record in part] == [
        (key, seed) for key, seed in seeds.items() if key == ("lines", "line-2", "other", 0)
    ]


def test_a_sample_is_seeded_and_grows() -> None:
    def names(sample: int, seed: int = 0) -> list[str]:
        plan = Plan.of([lines(20)], [Double()], sample=sample, seed=seed)
        return [run.task.name for run in plan.runs()]

    assert set(names(5)) < set(names(10))
    assert names(5) == names(5)
    assert set(names(10)) != set(names(10, seed=1))
    assert len(names(50)) == 20


def test_few_rows_are_part_of_more(tmp_path: Path) -> None:
    def seen(rows: int | None) -> list[list[float]]:
        (record,) = run(tmp_path / str(rows), doubles.Shows(), rows=rows)
        return record.details["features"]

    everything, ten, four = seen(None), seen(10), seen(4)
    assert [len(everything), len(ten), len(four)] == [20, 10, 4]
    assert [row for row in everything if row in ten] == ten
    assert [row for row in ten if row in four] == four
    assert seen(400) == everything


def test_plans_of_other_rows_differ() -> None:
    ten, all_rows = (Plan.of([lines(1)], [Double()], rows=rows).record() for rows in (10, None))
    assert "rows" not in all_rows
    assert differences(ten, all_rows) == ["rows: 10 there, not given here"]


class TestResumes:
    def test_only_what_is_missing_is_done(self, tmp_path: Path) -> None:
        begun = tmp_path / "begun"
        begun.mkdir()
        slow = Slow(seconds=0.0, folder=str(begun))
        whole = run(tmp_path / "out", slow, suite=lines(3))
        assert len(list(begun.iterdir())) == 3
        results = tmp_path / "out" / "results.jsonl"
        kept = results.read_bytes().splitlines(keepends=True)
        results.write_bytes(kept[0] + kept[2] + kept[1][:40])  # a crash amid the last line
        again = run(tmp_path / "out", slow, suite=lines(3))
        assert len(list(begun.iterdir())) == 4
        assert [record.key for record in again] == [record.key for record in whole]
        assert again[0] == whole[0]
        assert again[2] == whole[2]

    @ON_LINUX
    def test_after_the_runner_was_killed(self, tmp_path: Path) -> None:
        begun, out = tmp_path / "begun", tmp_path / "out"
        begun.mkdir()
        program = (
            "import sys; from pathlib import Path; from tests.benchmark.test_runner import *\n"
            "run(Path(sys.argv[2]), Slow(seconds=0.7, folder=sys.argv[1]), suite=lines(4))"
        )
        command = [sys.executable, "-c", program, str(begun), str(out)]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as runner:
            _wait_until(lambda: len(list(begun.iterdir())) == 2)  # one done, one under way
            runner.kill()
        time.sleep(0.3)
        assert not any(is_alive(int(mark.name.split("-")[1])) for mark in begun.iterdir())
        done = read_results(out)
        assert len(done) == 1
        records = run(out, Slow(seconds=0.7, folder=str(begun)), suite=lines(4))
        assert len(list(begun.iterdir())) == 2 + 3
        assert records[0] == done[0]
        assert all(record.status is Status.OK for record in records)

    def test_after_an_interrupt(self, tmp_path: Path) -> None:
        def interrupt(progress: Progress) -> None:
            if progress.new == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, suite=lines(5), observer=interrupt, jobs=2)
        assert threading.active_count() < 5
        assert len(read_results(tmp_path)) == 2
        assert len(run(tmp_path, suite=lines(5))) == 5

    def test_two_runs_at_once_give_the_same_records(self, tmp_path: Path) -> None:
        def facts(records: list[Record]) -> list[tuple[object, ...]]:
            return [(record.key, record.seed, record.answer, record.solved) for record in records]

        one = run(tmp_path / "one", Double(), doubles.Wrong(), suite=lines(3))
        two = run(tmp_path / "two", Double(), doubles.Wrong(), suite=lines(3), jobs=2)
        assert facts(one) == facts(two)


def test_progress_tells_the_expected_end(tmp_path: Path) -> None:
    told: list[Progress] = []
    run(tmp_path, Double(), doubles.Raises(), suite=lines(2), observer=told.append)
    assert [progress.done for progress in told] == [0, 1, 2, 3, 4]
    assert told[0].left == pytest.approx(4 * 25.0)  # as the budget allows
    assert 0.0 < told[2].left < 60.0  # as the first two lead to expect
    assert told[-1].left == 0.0
    assert (told[-1].failed, told[-1].solved) == (2, 2)


class TestRefuses:
    def test_a_folder_of_another_plan(self, tmp_path: Path) -> None:
        run(tmp_path)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        for settings, words in (
            ({"limits": Limits(21.0, 1, 10.0, 2.0)}, "seconds: 20.0 there, 21.0 here"),
            ({"repetitions": 2}, "repetitions: 1 there, 2 here"),
            ({"seed": 3}, "seed: 0 there, 3 here"),
            ({"suite": lines(2)}, "tasks of lines: 1 there, 2 here, 1 in common"),
            ({"suite": lines(1, "other")}, "suites: lines there, other here"),
            ({"suite": Suite("lines", "", (doubles.line("line-0", 3.0),))}, "other numbers in line-0"),
        ):
            with pytest.raises(OptionError, match="results of another plan") as caught:
                run(tmp_path, **settings)  # type: ignore[arg-type]
            assert words in str(caught.value)
        with pytest.raises(OptionError, match=r"methods: double 1.0 there, wrong 1.0 here"):
            run(tmp_path, doubles.Wrong())
        assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def test_a_folder_of_another_version(self, tmp_path: Path) -> None:
        run(tmp_path)
        plan = tmp_path / "plan.json"
        kept = json.loads(plan.read_text())
        plan.write_text(json.dumps({**kept, "eqdisc": "0.0.1"}))
        with pytest.raises(OptionError, match=r"eqdisc: 0.0.1 there"):
            run(tmp_path)

    def test_a_second_runner_on_one_folder(self, tmp_path: Path) -> None:
        complaints: list[str] = []

        def second(progress: Progress) -> None:
            program = "import sys; from pathlib import Path; from tests.benchmark.test_runner import *\n"
            command = [sys.executable, "-c", program + "run(Path(sys.argv[1]))", str(tmp_path)]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            complaints.append(done.stderr.splitlines()[-1])

        run(tmp_path, observer=second)
        assert "another eqdisc process works in" in complaints[0]

    def test_methods_that_cannot_run(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match=r"'not-here' is not available.*pip install"):
            run(tmp_path / "a", doubles.NotHere())
        with pytest.raises(OptionError, match="named twice"):
            run(tmp_path / "a", Double(), Double())
        with pytest.raises(OptionError, match="did you mean 'eqdisc'"):
            run_suite(lines(1), "eqdis", out=tmp_path / "a")
        with pytest.raises(OptionError, match="cannot be sent"):
            run(tmp_path / "a", replace(Slow(), folder=(n for n in ())))  # type: ignore[arg-type]
        assert not (tmp_path / "a").exists()

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"repetitions": 0}, "repetitions is 0"),
            ({"sample": 0}, "sample is 0"),
            ({"seed": -1}, "seed is -1"),
            ({"jobs": 0}, "jobs is 0"),
            ({"tasks": ["lin-0"]}, "did you mean line-0"),
        ],
    )
    def test_impossible_numbers(self, tmp_path: Path, settings: dict[str, object], words: str) -> None:
        with pytest.raises(OptionError, match=words):
            run(tmp_path / "a", **settings)

    def test_impossible_limits(self) -> None:
        for limits in ({"seconds": 0.0}, {"seconds": float("nan")}, {"threads": 0}, {"memory": 0.0}):
            with pytest.raises(OptionError):
                Limits(**limits)  # type: ignore[arg-type]
        assert Limits(3.0).budget == Budget(3.0, 2)

    def test_an_unknown_suite(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match="did you mean srsd-easy"):
            run_suite("srsd-easi", out=tmp_path / "a")


def test_equal_plans_do_not_differ() -> None:
    one, two = (Plan.of([lines(3)], [Double()]).record() for _ in range(2))
    assert differences(one, two) == []
    assert one["fingerprint"] == two["fingerprint"]
    assert one["fingerprint"] != Plan.of([lines(3)], [Double()], units=True).record()["fingerprint"]


@pytest.mark.skipif(os.name == "nt", reason="limits of files are POSIX")
def test_a_full_disk_corrupts_nothing(tmp_path: Path) -> None:
    """A process that may write files of 3000 bytes only: the write that does not fit fails midway."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from tests.benchmark.test_runner import *\n"
        "from eqdisc.errors import DataError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "def full(progress):\n    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))\n"
        "try:\n    run(Path(sys.argv[1]), suite=lines(6), observer=full)\n"
        "except DataError as error:\n    print(error); sys.exit(2)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "results.jsonl cannot be written: File too large; all runs before are kept" in done.stdout
    content = (tmp_path / "results.jsonl").read_bytes()
    assert content.endswith(b"}\n")
    kept = read_results(tmp_path)
    assert 1 <= len(kept) < 6
    whole = run(tmp_path, suite=lines(6))
    assert len(whole) == 6
    assert whole[: len(kept)] == kept


def _wait_until(true, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_tasks_of_several_suites_are_selected_by_name(tmp_path: Path) -> None:
    names = ["Nguyen-1", "I.12.1"]
    records = run_suite(["classic", "srsd-easy"], "mean", tasks=names, out=tmp_path / "results")
    assert {(record.suite, record.task) for record in records} == {
        ("classic", "Nguyen-1"),
        ("srsd-easy", "I.12.1"),
    }
    with pytest.raises(OptionError, match="did you mean"):
        run_suite(["classic", "srsd-easy"], "mean", tasks=["Nguyen-111"], out=tmp_path / "others")
