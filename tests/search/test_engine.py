"""The loop, driven by a strategy that follows a script and by a clock that is told the time."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.operators import DEFAULT_OPERATORS, OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.seeds import Seeds
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.engine import Budget, Search, StopReason
from eqdisc.search.observer import Observer
from eqdisc.search.proposer import Proposals
from eqdisc.search.spelling import allowed_codes


class Clock:
    """Moves only when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@dataclass(frozen=True)
class Scripted:
    """Proposes the texts of one epoch after another, then nothing for ever (or is exhausted)."""

    script: tuple[tuple[str, ...], ...] = ()
    name: str = "scripted"
    ends: bool = False
    seconds: float = 0.0  # an epoch takes
    compilation: float = 0.0
    interrupt_at: int | None = None
    clock: Clock | None = None
    log: list = field(default_factory=list, compare=False)

    def start(self, problem, seed, threads):
        return ScriptedSession(self, seed)


class ScriptedSession:
    def __init__(self, settings, seed):
        self.settings = settings
        self.random = np.random.default_rng(seed)
        self.epoch = 0

    def _pass(self, seconds):
        if self.settings.clock is not None:
            self.settings.clock.now += seconds

    def prepare(self):
        self.settings.log.append("prepare")
        self._pass(self.settings.compilation)
        return self.settings.compilation

    def observe(self, candidates, elites=()):
        self.settings.log.append(tuple(candidates))

    def propose(self):
        self._pass(self.settings.seconds)
        self.epoch += 1
        if self.epoch == self.settings.interrupt_at:
            raise KeyboardInterrupt
        script = self.settings.script
        texts = script[self.epoch - 1] if self.epoch <= len(script) else ()
        texts = [text.replace("RANDOM", repr(self.random.uniform(1.0, 2.0))) for text in texts]
        ended = self.settings.ends and self.epoch >= len(script)
        return Proposals(tuple(parse(text, ["x", "z"]) for text in texts), 10, 1000, ended)


@pytest.fixture
def problem():
    x = np.linspace(0.5, 3.0, 40)
    noise = 0.01 * np.random.default_rng(0).normal(size=40)
    return Problem.of(
        Dataset.of(x[:, None], x**2 + noise, names=["x"]),
        OperatorSet.parse(DEFAULT_OPERATORS),
        max_size=9,
        seed=0,
    )


@pytest.fixture
def exact_problem():
    x = np.linspace(0.5, 3.0, 40)
    return Problem.of(
        Dataset.of(x[:, None], x**2, names=["x"]), OperatorSet.parse(DEFAULT_OPERATORS), max_size=9, seed=0
    )


def test_exhausted_strategies_end_the_search(problem):
    result = Search(problem, (Scripted((("x",), ("x*x",)), ends=True),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.EXHAUSTED
    assert result.epochs == 2
    assert result.evaluations == 20
    assert result.node_evaluations == 2000
    assert result.best.found_by == "scripted"


def test_an_exact_law_ends_the_search_before_anything_else_is_compiled(exact_problem):
    late = Scripted(name="late")
    result = Search(exact_problem, (Scripted((("x", "x*x"),)), late), Budget(epochs=9)).run()
    assert result.stopped is StopReason.EXACT
    assert result.epochs == 1
    assert late.log == []
    assert result.best.loss < 1e-28


def test_epochs_are_counted_and_the_clock_is_left_alone(problem):
    clock = Clock()
    slow = Scripted((("x",),), seconds=1000.0, clock=clock)
    result = Search(problem, (slow,), Budget(time_limit=1.0, epochs=7), clock=clock).run()
    assert result.stopped is StopReason.EPOCHS
    assert result.epochs == 7
    assert result.seconds == 7000.0


def test_the_clock_picks_the_last_whole_epoch_and_does_not_count_compilation(problem):
    clock = Clock()
    strategy = Scripted((("x",),), seconds=3.0, compilation=50.0, clock=clock)
    result = Search(problem, (strategy,), Budget(time_limit=10.0), clock=clock).run()
    assert result.stopped is StopReason.TIME
    assert result.epochs == 3  # a fourth would end after 12 seconds
    assert result.seconds == 9.0
    assert result.compile_seconds == 50.0


def test_one_epoch_is_done_however_short_the_time(problem):
    clock = Clock()
    result = Search(
        problem, (Scripted((("x",),), seconds=3.0, clock=clock),), Budget(1e-3), clock=clock
    ).run()
    assert result.epochs == 1


def test_a_run_stopped_by_time_is_repeated_by_its_epochs(problem):
    clock = Clock()
    script = (("RANDOM*x",), ("RANDOM*x*x",), ("x*x + RANDOM",), ("x*x/RANDOM",), ("x*x*RANDOM - RANDOM",))
    strategy = Scripted(script, seconds=1.0, clock=clock)
    by_time = Search(problem, (strategy,), Budget(4.0), seed=5, clock=clock).run()
    by_epochs = Search(problem, (strategy,), Budget(epochs=by_time.epochs), seed=5).run()
    assert by_time.stopped is StopReason.TIME
    assert (by_time.front, by_time.best, by_time.evaluations) == (
        by_epochs.front,
        by_epochs.best,
        by_epochs.evaluations,
    )


def test_a_search_stalls_by_epochs_without_improvement(problem):
    script = ((), (), (), ("x*x",))
    for patience, persistence, expected in [(5, 0.0, 4 + 5), (4, 2.0, 4 + 8)]:
        budget = Budget(epochs=99, patience=patience, persistence=persistence)
        result = Search(problem, (Scripted(script),), budget).run()
        assert result.stopped is StopReason.STALLED
        assert result.epochs == expected


def test_an_interrupt_ends_with_the_best_so_far(problem):
    result = Search(problem, (Scripted((("x", "x*x"),), interrupt_at=2),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.INTERRUPTED
    assert result.epochs == 1
    assert result.best.loss < 1e-3


def test_an_interrupt_before_anything_is_found_leaves_the_mean(problem):
    result = Search(problem, (Scripted(interrupt_at=1),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.INTERRUPTED
    assert [law.found_by for law in result.front] == ["mean"]


def test_a_second_interrupt_leaves_the_front_unpolished(problem, monkeypatch):
    def interrupted(candidate, scorer):
        raise KeyboardInterrupt

    monkeypatch.setattr("eqdisc.search.finish.polish", interrupted)
    result = Search(problem, (Scripted((("0.9*x*x",),), interrupt_at=2),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.INTERRUPTED
    assert parse("0.9*x*x", ["x"]) in [law.expression for law in result.front]


def test_an_interrupt_of_the_final_polishing_is_one(problem, monkeypatch):
    def interrupted(candidate, scorer):
        raise KeyboardInterrupt

    monkeypatch.setattr("eqdisc.search.finish.polish", interrupted)
    result = Search(problem, (Scripted((("0.9*x*x",),)),), Budget(epochs=3)).run()
    assert result.stopped is StopReason.INTERRUPTED
    assert result.epochs == 3
    assert result.best.loss < 1.0


def test_of_exact_laws_the_one_with_round_constants_is_reported(exact_problem):
    script = (("1.0000000000000002*x*x", "x*x*0.9999999999999999", "square(x) + 1e-16", "x*x + 1e-17*x"),)
    result = Search(exact_problem, (Scripted(script),), Budget(epochs=9)).run()
    assert result.best.expression == parse("x**2", ["x"])
    assert result.front[-1] == result.best


def test_a_stalled_run_is_repeated_by_its_epochs(problem):
    strategy = Scripted((("RANDOM*x",), ("RANDOM*x*x",)))
    stalled = Search(problem, (strategy,), Budget(time_limit=1e9, patience=5), seed=4).run()
    again = Search(problem, (strategy,), Budget(epochs=stalled.epochs, patience=5), seed=4).run()
    assert stalled.stopped is StopReason.STALLED
    assert (stalled.front, stalled.best) == (again.front, again.best)


def test_what_is_reported_is_what_was_evaluated_and_polished(problem):
    result = Search(problem, (Scripted((("0.9*x*x + 0.1", "0.5*x", "x*x*x"),)),), Budget(epochs=1)).run()
    scorer = Scorer(problem)
    assert len(result.front) > 1
    for law in result.front:
        assert scorer.score(law.expression, law.found_by) == law
    assert result.best.expression == parse("x**2", ["x"])
    assert result.best.loss < 2e-4  # the noise; what was proposed misses by far more


def test_strategies_see_the_front_before_they_propose(problem):
    first, second = Scripted((("x*x",),), name="first"), Scripted(name="second")
    Search(problem, (first, second), Budget(epochs=1)).run()
    assert [law.found_by for law in first.log[1]] == ["mean"]
    assert [law.found_by for law in second.log[1]] == ["mean", "first"]


def test_a_strategy_keeps_its_random_stream_whoever_else_is_there(problem):
    lone = Scripted((("RANDOM*x",),), name="a")
    other = Scripted((("RANDOM*x*x*x",),), name="b")

    def found_by_a(proposers):
        front = Search(problem, proposers, Budget(epochs=1), seed=3).run().front
        return [law for law in front if law.found_by == "a"]

    assert found_by_a((lone,)) == found_by_a((other, lone))
    twice = Search(problem, (lone, lone), Budget(epochs=1), seed=3).run()
    assert twice.evaluations == 20


def test_what_breaks_or_is_too_large_is_not_reported(problem):
    script = (("log(x - 1)", "x*x*x*x*x*x + 0*x", "exp(exp(exp(9*x)))"),)
    result = Search(problem, (Scripted(script),), Budget(epochs=1)).run()
    assert [law.found_by for law in result.front] == ["mean"]


def test_a_constant_target_needs_no_search():
    x = np.arange(5.0)
    data = replace(Dataset.of(x[:, None], x), target=np.full(5, 0.1))
    strategy = Scripted()
    result = Search(Problem.of(data, OperatorSet.of("add"), 9, 0), (strategy,), Budget(epochs=5)).run()
    assert result.stopped is StopReason.EXACT
    assert result.best.loss == 0.0
    assert strategy.log == []
    assert (result.epochs, len(result.front)) == (0, 1)


@pytest.mark.parametrize("size", [1e170, 1e-170])
def test_a_target_whose_squares_are_no_numbers(size):
    x = np.arange(5.0)
    data = Dataset.of(x[:, None], size * x)
    with pytest.raises(DataError, match="give it in another unit"):
        Search(Problem.of(data, OperatorSet.of("add"), 9, 0), (Scripted(),)).run()


def test_observers_are_told_in_order(problem):
    heard = []

    class Ear(Observer):
        def on_start(self, problem):
            heard.append("start")

        def on_prepare(self, name, progress):
            heard.append(f"prepare {name} knowing {len(progress.front)}")

        def on_epoch(self, progress):
            heard.append(f"epoch {progress.epoch} of {progress.epochs}: {progress.best.found_by}")

        def on_end(self, result):
            heard.append(result.stopped.name)

    Search(problem, (Scripted((("x*x",),)),), Budget(epochs=2), observers=(Ear(),)).run()
    assert heard == [
        "start",
        "prepare scripted knowing 1",
        "epoch 1 of 2: scripted",
        "epoch 2 of 2: scripted",
        "EPOCHS",
    ]


def test_an_observer_may_interrupt(problem):
    class Impatient(Observer):
        def on_epoch(self, progress):
            raise KeyboardInterrupt

    result = Search(problem, (Scripted((("x*x",),)),), Budget(epochs=5), observers=(Impatient(),)).run()
    assert result.stopped is StopReason.INTERRUPTED
    assert result.epochs == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_limit": -1.0}, "time limit is -1.0 seconds"),
        ({"time_limit": float("nan")}, "time limit is nan seconds"),
        ({"epochs": 0}, "number of epochs is 0"),
    ],
)
def test_impossible_budgets(options, message):
    with pytest.raises(OptionError, match=message):
        Budget(**options)


def test_a_search_without_strategies(problem):
    with pytest.raises(OptionError, match="at least one proposer"):
        Search(problem, ())


def test_every_reason_is_a_sentence():
    assert all(len(reason.value.split()) > 2 or reason is StopReason.INTERRUPTED for reason in StopReason)


def test_only_operators_of_the_problem_are_reported(exact_problem):
    script = (("x**2", "1.1*x - 0.3", "sin(x)*x", "exp(x)"),)
    problem = replace(exact_problem, operators=OperatorSet.of("add", "mul"))
    result = Search(problem, (Scripted(script),), Budget(epochs=1)).run()
    assert result.best.expression == parse("x*x", ["x"])
    used = {code for law in result.front for code in law.expression.codes}
    assert used <= allowed_codes(problem.operators)


def test_the_word_of_the_user_is_taken_as_given(problem):
    narrow = replace(problem, operators=OperatorSet.of("add", "mul"))
    result = Search(narrow, (Seeds(("2.1*square(x)",)),), Budget(epochs=1)).run()
    assert parse("x**2", ["x"]).root in result.best.expression.codes


# ------------------------------------------------------------------ required variables


def two_columns(target):
    x = np.linspace(0.5, 3.0, 100)
    z = np.random.default_rng(1).permutation(x)
    data = Dataset.of(np.column_stack([x, z]), target(x, z), names=["x", "z"])
    return Problem.of(data, OperatorSet.parse("+ *"), max_size=12, seed=0, required=[1])


def test_laws_that_lack_a_required_variable_are_not_reported():
    problem = two_columns(lambda x, z: x**2)
    script = (("x*x", "x + z", "0.9*x*x + 0.1*z*x", "x"),)
    result = Search(problem, (Scripted(script),), Budget(epochs=2)).run()
    assert len(result.front) > 1
    assert all(1 in law.expression.features for law in result.front)
    assert 1 in result.best.expression.features
    assert result.stopped is StopReason.EPOCHS  # x*x is exact and is no answer


def test_the_mean_is_not_chosen_where_there_is_a_law_with_what_is_required():
    noise = np.random.default_rng(8).normal(size=100)
    problem = two_columns(lambda x, z: 3.0 + noise)
    slope, intercept = np.polyfit(problem.train.features[:, 1], problem.train.target, 1)
    strategy = Scripted(((f"{float(slope)!r}*z + {float(intercept)!r}",),))
    result = Search(problem, (strategy,), Budget(epochs=1)).run()
    assert 1 in result.best.expression.features
    free = Search(replace(problem, required=()), (strategy,), Budget(epochs=1)).run()
    assert free.best.found_by == "mean"


def test_the_mean_remains_where_no_law_has_what_is_required():
    problem = two_columns(lambda x, z: x**2)
    result = Search(problem, (Scripted((("x*x",),)),), Budget(epochs=1)).run()
    assert [law.found_by for law in result.front] == ["mean"]
    assert result.best.found_by == "mean"


def test_polishing_does_not_drop_a_required_variable():
    problem = two_columns(lambda x, z: x**2 + 1e-3 * np.random.default_rng(2).normal(size=100))
    strategy = Scripted((("x*x + 1e-7*z",),))
    dropped = Search(replace(problem, required=()), (strategy,), Budget(epochs=1)).run()
    assert dropped.best.expression == parse("x*x", ["x", "z"])
    kept = Search(problem, (strategy,), Budget(epochs=1)).run()
    assert kept.best.expression.features == (0, 1)


# ------------------------------------------------------------------ who found it


@dataclass(frozen=True)
class Explained:
    """Says of some of its proposals how it came by them."""

    origins: tuple[str, ...]
    name: str = "explained"

    def start(self, problem, seed, threads):
        return ExplainedSession(self)


class ExplainedSession(ScriptedSession):
    def __init__(self, settings):
        self.settings = settings

    def prepare(self):
        return 0.0

    def observe(self, candidates, elites=()):
        pass

    def propose(self):
        laws = tuple(parse(text, ["x"]) for text in ("x*x", "x"))
        return Proposals(laws, 2, 100, exhausted=True, origins=self.settings.origins)


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ((), "explained"),
        (("explained(x/z): other", "explained"), "explained(x/z): other"),
    ],
)
def test_the_origin_of_a_law_is_told_to_the_end(problem, origins, expected):
    result = Search(problem, (Explained(origins),), Budget(epochs=2)).run()
    assert (result.best.expression, result.best.found_by) == (parse("x**2", ["x"]), expected)


def test_origins_are_one_for_each_expression():
    with pytest.raises(ValueError, match="1 expressions have 2 origins"):
        Proposals((parse("x", ["x"]),), origins=("a", "b"))
