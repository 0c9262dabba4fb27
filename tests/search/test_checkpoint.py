"""A search that is cut goes on as if nothing had happened; a file that is no checkpoint is refused."""

import json
import zipfile
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import Irrelevance, Prior
from eqdisc.problem import Problem
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.scoring.scorer import Scorer
from eqdisc.search import checkpoint
from eqdisc.search.checkpoint import SearchState, StrategyState, read_checkpoint, write_checkpoint
from eqdisc.search.engine import Budget, Search, StopReason
from eqdisc.search.observer import Observer
from eqdisc.search.proposer import Proposals
from eqdisc.search.shares import Account
from tests.search import runs


@dataclass(frozen=True)
class Walk:
    """Proposes a random multiple of x**2 an epoch; `improving` epochs long, then the same for ever."""

    improving: int = 100
    ends: int | None = None
    exact_at: int | None = None
    name: str = "walk"

    def start(self, problem, seed, threads):
        return WalkSession(self, seed)


class WalkSession:
    def __init__(self, settings, seed):
        self.settings = settings
        self.random = np.random.default_rng(seed)
        self.epoch = 0

    def prepare(self):
        return 0.5

    def observe(self, candidates, elites=()):
        pass

    def propose(self):
        self.epoch += 1
        factor = 1.0 + self.random.uniform(0.5, 1.0) / min(self.epoch, self.settings.improving)
        factor = 1.0 if self.epoch == self.settings.exact_at else factor
        return Proposals((parse(f"{factor!r}*x*x", ["x"]),), 10, 100, self.epoch == self.settings.ends)

    def state(self):
        return {"epoch": self.epoch, "random": self.random.bit_generator.state}

    def restore(self, state):
        self.epoch = state["epoch"]
        self.random.bit_generator.state = state["random"]


@pytest.fixture
def problem():
    x = np.linspace(0.5, 3.0, 40)
    noise = 0.01 * np.random.default_rng(0).normal(size=40)
    return Problem.of(Dataset.of(x[:, None], x**2 + noise, names=["x"]), OperatorSet.of("add", "mul"), 9, 0)


def cuts(search):
    """The answer of a search and its state after every epoch, each brought through a file."""
    states = []
    found = runs.answer(replace(search, keeper=states.append))
    return found, states


def through_file(state, folder):
    path = folder / "checkpoint.npz"
    write_checkpoint(path, state)
    return read_checkpoint(path)


def assert_equal_states(a, b):
    assert type(a) is type(b)
    if isinstance(a, SearchState | StrategyState | Account):
        assert_equal_states(vars(a), vars(b))
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key, value in a.items():
            assert_equal_states(value, b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for left, right in zip(a, b, strict=True):
            assert_equal_states(left, right)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    else:
        assert a == b or (a != a and b != b)


# ------------------------------------------------------------------ going on


@pytest.mark.parametrize("scale", [1.0, 1e-20])
def test_a_search_goes_on_bit_for_bit_from_any_epoch_and_for_any_number_of_threads(scale, tmp_path):
    data = runs.table(scale)
    uncut = runs.search(epochs=6, data=data)
    found, states = cuts(uncut)
    assert [state.epoch for state in states] == [1, 2, 3, 4, 5, 6]
    for state in states:
        later = []
        resumed = replace(
            uncut,
            threads=1 + state.epoch % 2,
            resume_from=through_file(state, tmp_path),
            keeper=later.append,
        )
        assert runs.answer(resumed) == found
        assert [other.epoch for other in later] == list(range(state.epoch + 1, 7))
        for mine, its in zip(later, states[state.epoch :], strict=True):
            timeless = {"seconds": 0.0, "compile_seconds": 0.0}
            assert_equal_states(replace(mine, **timeless), replace(its, **timeless))


def test_a_search_may_be_cut_again_and_again(problem, tmp_path):
    search = Search(problem, (Walk(),), Budget(epochs=12), seed=5)
    whole = runs.answer(search)
    state = None
    for epochs in range(1, 13):
        kept = []
        found = runs.answer(
            replace(search, budget=Budget(epochs=epochs), resume_from=state, keeper=kept.append)
        )
        state = through_file(kept[-1], tmp_path)
    assert found == whole


def test_what_was_kept_is_not_touched_by_later_epochs(tmp_path):
    search, written = runs.search(epochs=3), []

    def keeper(state):
        written.append((state, through_file(state, tmp_path)))

    replace(search, keeper=keeper).run()
    for in_memory, on_disk in written:
        assert_equal_states(through_file(in_memory, tmp_path), on_disk)


def test_keeping_changes_nothing(tmp_path):
    search = runs.search(epochs=3)
    assert runs.answer(search) == cuts(search)[0]


class Clock:
    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def test_a_resumed_search_has_its_time_anew_and_counts_all_of_it(problem):
    class Spy(Observer):
        def on_start(self, problem):
            self.heard = ["start"]

        def on_epoch(self, progress):
            self.heard.append((progress.epoch, progress.time_limit - progress.seconds))

        def on_end(self, result):
            self.heard.append(result.epochs)

    states, spy = [], Spy()
    search = Search(problem, (Walk(),), Budget(time_limit=20.0), clock=Clock(0.25), keeper=states.append)
    first = search.run()
    resumed = replace(search, resume_from=states[-1], clock=Clock(0.25), observers=(spy,)).run()
    assert first.stopped is resumed.stopped is StopReason.TIME
    assert resumed.epochs == pytest.approx(2 * first.epochs, abs=3)
    assert resumed.seconds == pytest.approx(2 * first.seconds, rel=0.1)
    assert resumed.compile_seconds == pytest.approx(1.0, abs=0.1)  # going the way again is real work
    assert spy.heard[0] == "start"
    assert spy.heard[1][0] == first.epochs + 1
    assert 15.0 < spy.heard[1][1] < 20.0
    assert spy.heard[-1] == resumed.epochs


def test_who_stalled_is_patient_anew_and_who_was_killed_before_saying_so_is_not(problem):
    search = Search(problem, (Walk(improving=3),), Budget(time_limit=1e9, patience=6), seed=1)
    found, states = cuts(search)
    *_, unsaid, said = states
    stalled = search.run()
    assert stalled.stopped is StopReason.STALLED
    assert unsaid.epoch == said.epoch == stalled.epochs
    assert runs.answer(replace(search, resume_from=unsaid)) == found
    resumed = replace(search, resume_from=said).run()
    assert resumed.stopped is StopReason.STALLED
    assert resumed.epochs >= stalled.epochs + 6


@pytest.mark.parametrize(
    ("walk", "reason"),
    [
        (Walk(exact_at=4), StopReason.EXACT),
        (Walk(ends=4), StopReason.EXHAUSTED),
        (Walk(), StopReason.EPOCHS),
    ],
)
def test_who_had_nothing_left_to_do_answers_at_once(walk, reason, problem):
    x = problem.dataset.features[:, 0]
    exact = Problem.of(Dataset.of(x[:, None], x * x, names=["x"]), problem.operators, 9, 0)
    search = Search(exact if walk.exact_at else problem, (walk,), Budget(epochs=4))
    found, states = cuts(search)

    class Forbidden(Walk):
        def start(self, problem, seed, threads):
            raise AssertionError("nothing is left to be proposed")

    assert search.run().stopped is reason
    state = replace(states[-1], asked={})
    assert states[-1].epoch == 4
    again = replace(search, proposers=(Forbidden(),), resume_from=state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eqdisc.search.engine.fingerprint", lambda *_: {})
        assert runs.answer(again) == found


def test_an_interrupt_while_keeping_leaves_the_checkpoint_before(problem, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    search = Search(problem, (Walk(),), Budget(epochs=6))
    whole = runs.answer(search)
    write_array, epochs = np.lib.format.write_array, []

    def interrupted(file, array, allow_pickle):
        if len(epochs) == 3 and array.dtype == np.float64:
            file.write(b"half")
            raise KeyboardInterrupt
        write_array(file, array, allow_pickle=allow_pickle)

    def keeper(state):
        epochs.append(state.epoch)
        write_checkpoint(path, state)

    monkeypatch.setattr(np.lib.format, "write_array", interrupted)
    result = replace(search, keeper=keeper).run()
    assert result.stopped is StopReason.INTERRUPTED
    assert result.epochs == 3
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]
    state = read_checkpoint(path)
    assert state.epoch == 2
    assert runs.answer(replace(search, resume_from=state)) == whole


def test_a_disk_without_room_is_an_error_that_leaves_the_checkpoint_before(problem, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    _, states = cuts(Search(problem, (Walk(),), Budget(epochs=2)))
    write_checkpoint(path, states[0])

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space left"):
        write_checkpoint(path, states[1])
    assert read_checkpoint(path).epoch == 1
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]


# ------------------------------------------------------------------ the file

numbers = st.none() | st.booleans() | st.integers(-(2**127), 2**127) | st.floats() | st.text()
tables = arrays(
    st.sampled_from([np.float64, np.int64, np.int32, np.uint64, np.bool_]), array_shapes(min_side=0)
)
sessions = st.dictionaries(
    st.text(),
    st.recursive(
        numbers | tables, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
    ),
)


def laws(problem, *texts):
    return tuple(Scorer(problem).score(parse(text, ["x"]), "me") for text in texts)


def a_state(problem, session=None, **changes):
    account = Account(last=100.0, owed=-0.1, gain=0.3, spent=1e300, idle=0.0)
    form = parse("x*exp(x)", ["x"])
    told = Prior((0.1,), Irrelevance((9.5,), (0,), 0.1, 0.2), ("exp",), (form,))
    strategy = StrategyState("a", False, (parse("2*x", ["x"]), parse("x*0.1", ["x"])), session, account, told)
    state = SearchState(
        asked={"seed": "0"},
        front=laws(problem, "1.5", "0.1*x", "1.1*x*x"),
        milestones=laws(problem, "0.1*x"),
        archive=laws(problem, "exp(x)", "0.3"),
        epoch=7,
        last_improvement=5,
        patient_since=0,
        exact=False,
        settled_at=None,
        evaluations=10**12,
        node_evaluations=2**70,
        seconds=0.1,
        compile_seconds=0.0,
        strategies=(strategy, StrategyState("b", True, (), None)),
        verified=(0, 2),
        verifying=0.3,
    )
    return replace(state, **changes)


@given(sessions)
def test_a_state_survives_the_file(tmp_path_factory, session):
    x = np.linspace(0.5, 3.0, 9)
    small = Problem.of(Dataset.of(x[:, None], x**2, names=["x"]), OperatorSet.of("add"), 9, 0)
    assume(all(found.keys() != {"array"} for found in dictionaries(session)))  # the one word that is taken
    state = a_state(small, session)
    assert_equal_states(through_file(state, tmp_path_factory.getbasetemp()), state)


def dictionaries(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from dictionaries(inner)


def test_numbers_of_numpy_are_numbers(problem, tmp_path):
    state = a_state(problem, {"n": np.int64(3), "f": np.float64(0.1), "b": np.bool_(True)})
    kept = through_file(state, tmp_path).strategies[0].session
    assert kept == {"n": 3, "f": 0.1, "b": True}


@pytest.mark.parametrize("alien", [object(), {1, 2}, np.array([None, "a"], dtype=object)])
def test_nothing_is_pickled(problem, tmp_path, alien):
    with pytest.raises(TypeError, match="numbers, texts and arrays"):
        write_checkpoint(tmp_path / "checkpoint.npz", a_state(problem, {"alien": alien}))
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_refused(problem, tmp_path):
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, a_state(problem, {"array": np.arange(50)}))
    whole = path.read_bytes()
    for length in sorted({0, 1, 10, len(whole) - 1, *range(0, len(whole), 37)}):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"no checkpoint or a damaged one.*begin the search anew"):
            read_checkpoint(path)


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_a_damaged_file_is_refused(problem, tmp_path, step):
    """Whatever byte is changed: an error in words, or a byte that means nothing (the date of a part)."""
    path = tmp_path / "checkpoint.npz"
    state = a_state(problem, {"numbers": np.arange(20)})
    write_checkpoint(path, state)
    whole = path.read_bytes()
    refused = 0
    positions = range(0, len(whole), step)
    for position in positions:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            assert_equal_states(read_checkpoint(path), state)
        except DataError:
            refused += 1
    assert refused > 0.6 * len(positions)


def test_other_files_are_no_checkpoints(tmp_path):
    path = tmp_path / "some.npz"
    with pytest.raises(DataError, match="there is no checkpoint"):
        read_checkpoint(path)
    with pytest.raises(DataError, match="no checkpoint or a damaged one"):
        read_checkpoint(tmp_path)
    np.savez(path, X=np.zeros(3))
    with pytest.raises(DataError, match="no checkpoint or a damaged one"):
        read_checkpoint(path)
    for text in ("a,b\n1,2\n", "{}"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="no checkpoint or a damaged one"):
            read_checkpoint(path)


@pytest.mark.parametrize(("other", "age"), [(5, "a newer"), (3, "an earlier")])
def test_another_format_is_refused(problem, tmp_path, monkeypatch, other, age):
    path = tmp_path / "checkpoint.npz"
    monkeypatch.setattr(checkpoint, "FORMAT", other)
    write_checkpoint(path, a_state(problem))
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read(checkpoint.HEADER))["format"] == other
    monkeypatch.undo()
    message = rf"written by {age} eqdisc \(format {other}, this one reads 4\).*Resume it with the version"
    with pytest.raises(DataError, match=message):
        read_checkpoint(path)


# ------------------------------------------------------------------ whose checkpoint


def other_table():
    data = runs.table()
    target = data.target.copy()
    target[5] = np.nextafter(target[5], 9.0)
    return replace(runs.search(1, data=replace(data, target=target)))


def with_problem(**changes):
    search = runs.search(1)
    return replace(search, problem=replace(search.problem, **changes))


OTHERS = {
    "other numbers of the table": other_table,
    "its size limit: 25; now: 26": lambda: with_problem(max_size=26),
    "its operators: add sub mul div sqrt exp sin; now: add": lambda: with_problem(
        operators=OperatorSet.of("add")
    ),
    "its required variables: none; now: b": lambda: with_problem(required=(1,)),
    "its seed: 3; now: 4": lambda: replace(runs.search(1), seed=4),
    "other rows held out": lambda: runs.search(1, seed=4),
    "its strategies: seeds, closed_form, gp; now: gp": lambda: replace(
        runs.search(1), proposers=(GeneticProgramming(),)
    ),
    "other settings of the strategies": lambda: runs.search(1, work=3_000_000),
}


@pytest.mark.parametrize("message", OTHERS)
def test_the_checkpoint_of_another_search_is_refused(message):
    states = []
    replace(runs.search(1), keeper=states.append).run()
    with pytest.raises(DataError, match="belongs to another search") as refused:
        replace(OTHERS[message](), resume_from=states[0]).run()
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (Prior(operators=("exp",)), "likely operators"),
        (Prior(forms=(parse("x*x", ["x"]),)), "building blocks"),
    ],
)
def test_what_is_known_beforehand_belongs_to_the_search(problem, known, words):
    asked = checkpoint.fingerprint(replace(problem, prior=known), 0, ())
    checkpoint.check_same_search(asked, asked)
    with pytest.raises(DataError, match=words):
        checkpoint.check_same_search(checkpoint.fingerprint(problem, 0, ()), asked)
