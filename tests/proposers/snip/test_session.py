"""What the strategy proposes: laws of the bank, of the decoder, of rests; what it tells the others."""

from dataclasses import replace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError, WeightsError
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.snip import Snip, wolves
from eqdisc.proposers.snip.bank import digest_of
from eqdisc.proposers.snip.eye import Eye
from eqdisc.proposers.snip.fitting import Fitter
from eqdisc.proposers.snip.heads import LEAST, MOST, prior_of
from eqdisc.proposers.snip.knowledge import knowledge
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.wolves import ITERATIONS, LEADERS, WOLVES, Pack
from eqdisc.scoring.scorer import Scorer
from tests.proposers.snip.small import bank_file, small_bank, small_snip

NAMES = ("a", "b")
LANGUAGE = OperatorSet.parse("+ - * / sqrt exp square")


def problem_of(law, n_rows=60, columns=2, max_size=20, language=LANGUAGE):
    features = np.random.default_rng(2).uniform(1.0, 3.0, (n_rows, columns))
    data = Dataset.of(features, law(*features.T[:2]), names=["a", "b", "c", "d"][:columns])
    return Problem(data, data, None, language, max_size)


def turns(settings, problem, count, front=()):
    """Proposals of some turns; the session is shown its own laws, or the front given."""
    session, scorer = settings.start(problem, np.random.SeedSequence(1), 1), Scorer(problem)
    session.prepare()
    shown = [scorer.score(parse(text, NAMES), "other") for text in front]
    found = []
    for _ in range(count):
        session.observe(sorted(shown, key=lambda law: law.complexity))
        found.append(session.propose())
        if not front:
            shown += [scorer.score(law, "snip") for law in found[-1].expressions]
    return found


def error(law, problem):
    return np.max(np.abs(evaluate(law, problem.train.features) - problem.train.target))


@pytest.mark.parametrize(
    "law",
    [
        lambda a, b: 3.0 * np.sqrt(a) / b - 2.0,
        lambda a, b: np.exp(-1.7 * b) * a * 5.0,
        lambda a, b: np.sqrt(2.0 * a / b + 0.7),
        lambda a, b: 4.0 / (b + 0.37) + 1.0,
    ],
)
def test_laws_of_the_bank_are_found_after_the_guesses(law):
    problem = problem_of(law)
    guesses, found = turns(small_snip(), problem, 2)
    assert guesses.expressions == ()
    assert guesses.learned.chances
    assert guesses.node_evaluations < found.node_evaluations
    assert not found.learned.chances
    assert min(error(one, problem) for one in found.expressions) < 1e-9


def test_a_law_of_the_front_is_completed_by_what_it_leaves():
    problem = problem_of(lambda a, b: 5.0 * a * b + np.exp(0.8 * b) - 3.0)
    found = turns(small_snip(samples=0, orders=24), problem, 4, front=["4.9*a*b"])[3]
    assert min(error(one, problem) for one in found.expressions) < 1e-8
    problem = problem_of(lambda a, b: a * b * (2.0 * np.sqrt(a) + 0.5))
    found = turns(small_snip(samples=0, orders=24), problem, 4, front=["2.3*a*b"])[3]
    assert min(error(one, problem) for one in found.expressions) < 1e-8
    assert turns(small_snip(samples=0, residuals=False), problem, 4, front=["2.3*a*b"])[3].expressions == ()


def test_laws_in_use_are_not_looked_at_twice():
    problem = problem_of(lambda a, b: np.sin(3.0 * a * b))
    found = turns(small_snip(samples=0), problem, 5, front=["a*b"])
    assert found[3].evaluations > 0
    assert found[4].evaluations == 0


def test_the_end_is_told_where_the_front_cannot_bring_more():
    problem = problem_of(lambda a, b: np.sin(3.0 * a * b))
    session, scorer = small_snip(samples=0).start(problem, np.random.SeedSequence(1), 1), Scorer(problem)
    shown = [scorer.score(parse("a*b", NAMES), "other")]
    session.observe(shown)
    quiet = [session.propose() for _ in range(12)]
    assert not any(proposals.exhausted for proposals in quiet)
    assert quiet[-1].evaluations == 0
    session.observe([*shown, scorer.score(parse("a*b + sqrt(b)", NAMES), "other")])
    assert session.propose().evaluations > 0
    without = turns(small_snip(samples=0, residuals=False), problem, 3)
    assert [proposals.exhausted for proposals in without] == [False, False, True]


def test_each_part_can_be_left_out():
    problem = problem_of(lambda a, b: np.sin(3.0 * a * b))
    bare = small_snip(screened=0, retrieved=0, samples=0, heads=False)
    for proposals in turns(bare, problem, 3):
        assert proposals.expressions == ()
        assert (proposals.evaluations, proposals.node_evaluations) == (0, 0)
        assert proposals.learned == replace(proposals.learned, chances={}, influence=None)


def test_placebos_are_drawn_by_the_seed_of_the_run():
    problem = problem_of(lambda a, b: a * np.sqrt(b))

    def guesses(settings, seed):
        proposals = settings.start(problem, np.random.SeedSequence(seed), 1).propose()
        return tuple(proposals.learned.chances.values())

    for placebo in (small_snip(), small_snip(misled=True)):
        assert guesses(placebo, 1) == guesses(placebo, 1) != guesses(placebo, 2)
    looked = []
    for _ in range(2):  # of one and the same object: nothing is taken from it
        seed = np.random.SeedSequence(4)
        looked.append(small_snip(misled=True).start(problem, seed, 1)._target)
        looked.append(small_snip(misled=True).start(problem, seed, 1)._target)
        assert seed.n_children_spawned == 0
    assert all(np.array_equal(target, looked[0]) for target in looked)
    assert not np.array_equal(looked[0], np.random.default_rng(4).permutation(problem.train.target))


def test_the_bank_alone_asks_no_network(monkeypatch, tmp_path):
    """Bank and classical selection: no weights are read, nothing is looked at, and columns that have nothing
    to do with the target come last."""
    alone = {"heads": False, "retrieved": 0, "samples": 0, "orders": 2}
    problem = problem_of(lambda a, b: 3.0 * np.sqrt(b) / a - 2.0, columns=4)
    plain = turns(small_snip(**alone), problem, 4)
    monkeypatch.setattr(Network, "look", lambda *arguments: pytest.fail("the network was asked"))
    monkeypatch.setattr(Network, "read", lambda *arguments: pytest.fail("the weights were read"))
    bank = Snip(weights=tmp_path / "none.npz", bank=bank_file(), starts=2, **alone)
    bank.check()
    found = turns(bank, problem, 4)
    assert [one.expressions for one in found] == [one.expressions for one in plain]
    assert min(error(law, problem) for one in found for law in one.expressions) < 1e-9
    misled = turns(replace(bank, misled=True), problem, 4)
    assert [one.expressions for one in misled] == [one.expressions for one in found]


def test_work_counts_what_the_network_takes():
    problem = problem_of(lambda a, b: np.sin(3.0 * a * b))
    third = [turns(small_snip(samples=count), problem, 3)[2].node_evaluations for count in (0, 1, 30)]
    assert 0 == third[0] < third[1] < third[2]


def test_a_misled_network_looks_elsewhere_and_the_bank_is_held_against_the_truth():
    problem = problem_of(lambda a, b: 3.0 * np.sqrt(a) / b - 2.0)
    plain, misled = turns(small_snip(), problem, 2), turns(small_snip(misled=True), problem, 2)
    assert plain[0].learned != misled[0].learned
    assert min(error(one, problem) for one in misled[1].expressions) < 1e-9


def test_wolves_hunt_in_pieces_and_go_on_from_a_state(monkeypatch):
    for name, count in {"WOLVES": 7, "SUBSAMPLES": 2, "NOISY": 2}.items():
        monkeypatch.setattr(wolves, name, count)
    problem = problem_of(lambda a, b: np.sin(3.0 * a * b))
    settings = small_snip(wolves=True, starts=1, screened=0, retrieved=0)
    session = settings.start(problem, np.random.SeedSequence(1), 1)
    for _ in range(4):
        session.propose()
    state = session.state()
    assert state["pack"]["latents"].shape[0] == 7
    assert 0 < state["pack"]["iteration"] < ITERATIONS
    twin = settings.start(problem, np.random.SeedSequence(1), 1)
    twin.restore(state)
    assert [twin.propose(), twin.propose()] == [session.propose(), session.propose()]


def test_wolves_close_in_on_the_best_place():
    """The pack finds the minimum of a bowl within its bounds."""
    random = np.random.default_rng(0)
    latents = random.uniform(-1.0, 1.0, (WOLVES, 2, 3)).astype(np.float32)
    aim = np.full((2, 3), 0.3, np.float32)
    pack = Pack(latents, latents[:LEADERS].copy(), np.full(LEADERS, np.inf))
    first = None
    while pack.iteration < ITERATIONS:
        pack.step(np.sum((pack.latents - aim) ** 2, axis=(1, 2)), random)
        first = first or pack.losses[0]
    assert pack.losses[0] < 0.02 * first
    assert np.max(np.abs(pack.latents - aim)) < 0.3
    assert np.max(np.abs(pack.latents)) <= 1.0


# ------------------------------------------------------------------ guesses


def test_guesses_follow_the_heads():
    problem = problem_of(lambda a, b: a * b, columns=3)
    known = knowledge("random", bank_file())
    look = known.network.look(problem.train.features, problem.train.target)
    told = replace(look, operators={**look.operators, "exp": 0.9}, relevance=np.array([0.9, 0.1, np.nan]))
    prior = prior_of(told, known.bank, problem.train.features)
    assert prior.chances["exp"] == pytest.approx(min(MOST, 0.9 / known.bank.containing()["exp"]))
    assert "floor" not in prior.chances  # no law of the bank has one
    assert prior.influence == pytest.approx((2.7, 0.3, LEAST))
    features = problem.train.features.copy()
    features[:, 2] = 299792458.0
    assert prior_of(told, known.bank, features).influence[2] == 1.0


def test_guesses_keep_to_their_limits():
    known = knowledge("random", bank_file())
    features = np.random.default_rng(0).uniform(1.0, 2.0, (50, 2))
    look = known.network.look(features, features[:, 0])
    told = replace(look, operators=dict.fromkeys(look.operators, 1.0), relevance=np.array([1.0, 0.0]))
    prior = prior_of(told, known.bank, features)
    assert all(LEAST <= chance <= MOST for chance in (*prior.chances.values(), *prior.influence))
    nowhere = replace(look, relevance=np.zeros(2))
    assert prior_of(nowhere, known.bank, features).influence == (1.0, 1.0)


# ------------------------------------------------------------------ fits


def test_a_skeleton_is_tried_once_and_only_where_it_can_be_written():
    problem = problem_of(lambda a, b: a * b)
    fitter = Fitter(problem, 2, 16)
    laws = [parse(text, NAMES) for text in ("a*b", "b*a", "2*a*exp(b)", "3*a*exp(b)", "floor(a)", "7")]
    assert fitter.fresh(laws) == [laws[0], laws[2]]
    assert fitter.fresh(laws) == []
    few = Fitter(problem_of(lambda a, b: a * b, n_rows=5), 2, 16)
    assert few.fresh([parse("exp(1*a + 2*b) + 3*a", NAMES)]) == []


def test_only_laws_that_better_smaller_ones_are_proposed():
    problem = problem_of(lambda a, b: 2.0 * a * b + 1.0)
    fitter = Fitter(problem, 2, 16)
    law, longer = parse("2.1*a*b + 0.9", NAMES), parse("2.1*a*b + 0.9 + 0.1*a", NAMES)
    assert [one.size for one in fitter.proposed([longer, law])] == [law.size]
    assert fitter.proposed([law]) == ()
    assert fitter.proposed([parse("1/(a - a)", NAMES)]) == ()


# ------------------------------------------------------------------ files


def test_settings_are_checked():
    for wrong in ({"samples": -1}, {"orders": 0}, {"bags": True}, {"heads": 1}, {"weights": 3}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            Snip(**wrong)


def test_weights_and_bank_have_to_be_there_and_to_belong_together(tmp_path):
    from eqdisc.proposers.snip import weights as files
    from eqdisc.proposers.snip.architecture import SIZES, initial

    with pytest.raises(WeightsError, match="there is no bank"):
        Snip(weights="random", bank=tmp_path / "none.npz").check()
    path = tmp_path / "weights.npz"
    with pytest.raises(WeightsError, match="there are no weights"):
        Snip(weights=path, bank=bank_file()).check()
    sizes = SIZES["small"]
    path.write_bytes(files.packed(initial(sizes, np.random.default_rng(0)), sizes, {}))
    with pytest.raises(WeightsError, match="was made with the weights none"):
        Snip(weights=path, bank=bank_file()).check()
    small_bank(digest_of(path)).write(tmp_path / "bank.npz")
    settings = Snip(weights=path, bank=tmp_path / "bank.npz", samples=4, orders=2)
    settings.check()
    problem = problem_of(lambda a, b: 3.0 * np.sqrt(a) / b)
    assert turns(settings, problem, 2)[1].expressions
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="no file of weights, or only part of one"):
        settings.check()


def test_the_eye_counts_and_repeats():
    features = np.random.default_rng(0).uniform(1.0, 2.0, (300, 3))
    eye = Eye(Network.random(0), features, seed=5, bags=2)
    look, again = eye.look(features[:, 0]), eye.look(features[:, 0])
    np.testing.assert_array_equal(look.embedding, again.embedding)
    spent = eye.spent()
    assert spent > 0
    assert eye.spent() == 0
    assert len(list(eye.views((0.9, 0.2, 0.1), features[:, 0], 3, {1, 2}))) == 3
    assert eye.spent() * 4 == spent * 3
