"""A run of the pretrained network on one problem: heads and bank, the decoder, then what laws leave."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.fit import fit_constants
from eqdisc.engine.reference import evaluate
from eqdisc.expr.canonical import structural_hash
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS, code_of
from eqdisc.prior import Prior
from eqdisc.proposers.snip.bank import INPUTS, body
from eqdisc.proposers.snip.eye import Eye
from eqdisc.proposers.snip.fitting import Fit, Fitter
from eqdisc.proposers.snip.heads import column_chances, prior_of
from eqdisc.proposers.snip.inputs import association
from eqdisc.proposers.snip.retrieval import nearest
from eqdisc.proposers.snip.screening import Aim, Hits, Screen, aims_of, law_of
from eqdisc.proposers.snip.streams import MISLED, stream
from eqdisc.proposers.snip.wolves import ITERATIONS, Pack
from eqdisc.search.proposer import Proposals, State
from eqdisc.search.sample import sample

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.snip.bank import Bank
    from eqdisc.proposers.snip.look import Look
    from eqdisc.proposers.snip.network import Network
    from eqdisc.proposers.snip.settings import Snip
    from eqdisc.scoring.candidate import Candidate

FIRST = 3  # turn that looks at the front, or hunts; before it are guesses, the bank and the decoder
SCREEN_ROWS = 128
DRAWN_SHARE = 6  # orders for one with constants, which are drawn anew for each
REFINED = 24  # fits of a turn that go on to their optimum
BASES = 2  # laws of the front whose rests are looked at in a turn
REST_SHARE = 4  # a rest gets this part of what the target gets
PARTS = 12  # fits of a rest that are joined to the law
EXACT = 1e-12  # of the size of the target: a rest below is rounding
WOLF_STEPS = 2  # iterations of the wolves in a turn


class Rest(NamedTuple):
    """What a law leaves of the target: shown to the network, to fit, to screen."""

    shown: FloatArray
    fitted: FloatArray
    screened: FloatArray


class SnipSession:
    """One seeded run on one thread. Turns cost what the engine evaluates and, in the same measure, what the
    network takes."""

    def __init__(
        self,
        settings: "Snip",
        network: "Network | None",
        bank: "Bank",
        problem: "Problem",
        seed: np.random.SeedSequence,
    ) -> None:
        self._settings = q = settings
        self._problem = problem
        self._bank = bank
        self._random = np.random.default_rng(seed)
        self._target = problem.train.target
        if q.misled:
            self._target = np.random.default_rng(stream(seed, MISLED)).permutation(self._target)
        self._eye = Eye(network, problem.train.features, int(seed.generate_state(1)[0]), q.bags)
        self._fitter = Fitter(problem, q.starts, q.proposals)
        self._rows = sample(problem.train, SCREEN_ROWS)
        self._allowed = self._fitter.spellable
        self._names = [row.name for row in OPERATORS if code_of(row.name) in self._allowed]
        fitting = self._bank.within(self._allowed) & (self._bank.inputs > 0)
        self._places: IntArray = np.flatnonzero(fitting & (self._bank.inputs <= problem.train.n_features))
        self._turn = 0
        self._front: tuple[Expression, ...] = ()
        self._used: dict[int, None] = {}  # laws of the front whose rests were looked at
        self._pack: Pack | None = None
        self._seen: Look | None = None
        self._screened = [0, 0]  # evaluations, node evaluations of screens

    # ------------------------------------------------------------ the protocol of a session

    def prepare(self) -> float:
        """Compile the fit and the screen, by fitting one law and evaluating one skeleton."""
        from time import perf_counter

        began = perf_counter()
        one = np.ones(1)
        fit_constants(Expression.constant(0.0), one[:, None], one)
        predict_programs(self._bank.take(np.zeros(1, np.int64)), np.ones((1, INPUTS)))
        return perf_counter() - began

    def propose(self) -> Proposals:
        """The next turn: guesses alone, then the bank, the decoder, then rests of laws or wolves.

        In the first round of a search every strategy has one turn: guesses are in time for those that begin
        later and keep them waiting for some hundredths of a second; the bank would for more than one.
        """
        learned = Prior()
        laws: tuple[Expression, ...] = ()
        if self._turn == 0:
            learned = self._learned()
        elif self._turn == 1:
            laws = self._of_bank()
        elif self._turn == 2:
            laws = self._of_decoder()
        elif self._hunting:
            laws = self._of_wolves()
        else:
            laws = self._of_rests()
        self._turn += 1
        fits, nodes = self._fitter.spent()
        evaluations, screened = self._screened
        self._screened = [0, 0]
        return Proposals(
            laws,
            fits + evaluations,
            nodes + screened + self._eye.spent(),
            exhausted=self._exhausted,
            learned=learned,
        )

    def observe(self, front: Sequence["Candidate"], elites: Sequence["Candidate"] = ()) -> None:
        """Laws of the front, whose rests are looked at in later turns."""
        self._front = tuple(law.expression for law in front)

    def state(self) -> State:
        """The turn, the random stream, what was tried, proposed and looked at, the pack of wolves."""
        return {
            "turn": self._turn,
            "seen": self._seen is not None,
            "random": self._random.bit_generator.state,
            "tried": np.array(list(self._fitter.tried), np.uint64),
            "best": [[size, loss] for size, loss in self._fitter.best.items()],
            "used": np.array(list(self._used), np.uint64),
            "front": [[list(law.codes), list(law.payload)] for law in self._front],
            "pack": None if self._pack is None else self._pack.state(),
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        self._turn = int(state["turn"])
        self._random.bit_generator.state = state["random"]
        self._fitter.tried = dict.fromkeys(state["tried"].tolist())
        self._fitter.best = {int(size): float(loss) for size, loss in state["best"]}
        self._used = dict.fromkeys(state["used"].tolist())
        self._front = tuple(Expression(tuple(codes), tuple(payload)) for codes, payload in state["front"])
        self._pack = None if state["pack"] is None else Pack.restored(state["pack"])
        if state["seen"]:
            self._seen = self._eye.look(self._target)
            self._eye.spent()  # which was counted before

    # ------------------------------------------------------------ turns

    @property
    def _look(self) -> "Look":
        """At the table as it is, taken when it is first needed."""
        if self._seen is None:
            self._seen = self._eye.look(self._target)
        return self._seen

    def _chances(self) -> tuple[float, ...]:
        """Of the columns to matter: as the network says, or by what goes with the target one at a time."""
        if self._settings.heads:
            return tuple(column_chances(self._look).tolist())
        rows = self._fitter.rows
        return tuple(association(rows.features, rows.target).tolist())

    def _learned(self) -> Prior:
        if not self._settings.heads:
            return Prior()
        return prior_of(self._look, self._bank, self._problem.train.features)

    def _of_bank(self) -> tuple[Expression, ...]:
        """Skeletons that correlate, and skeletons with constants whose place is near."""
        q = self._settings
        chances = self._chances()
        laws: list[Expression] = []
        if q.screened:
            screen = self._screen(chances, q.orders)
            aims = aims_of(self._rows.target, self._allowed)
            hits = screen.plain(self._places, aims, max(1, q.screened // len(aims)))
            few = replace(screen, orders=max(1, q.orders // DRAWN_SHARE))
            drawn = few.drawn(self._places, aims[:1], q.screened, self._random)
            laws += self._written(hits, aims) + self._written(drawn, aims)
        if q.retrieved:
            laws += self._retrieved(self._look, self._target, q.orders, q.retrieved)
        return self._best_of(laws)

    def _of_decoder(self) -> tuple[Expression, ...]:
        """Skeletons that the decoder draws."""
        if not self._settings.samples:
            return ()
        drawn = self._eye.sample(self._look, self._settings.samples, self._random, self._names)
        return self._best_of(body(law) for law in drawn)

    def _of_rests(self) -> tuple[Expression, ...]:
        """What two laws of the front leave: terms and factors that are joined to them and fitted together."""
        joined: list[Expression] = []
        for law in self._next_bases() if self._settings.residuals else ():
            part = body(law)
            with np.errstate(all="ignore"):
                term = self._rest(law, np.subtract)
                factor = self._rest(part, np.divide)
            on_few = evaluate(law, self._rows.features)
            joined += [law + Expression.constant(1.0) * other for other in self._parts(term, on_few)]
            joined += [part * (other + 0.0) for other in self._parts(factor, None)]
        fits = self._fitter.joined(self._fitter.fresh(joined))
        return self._fitter.proposed(self._fitter.chosen(fits, REFINED))

    def _rest(self, law: Expression, operation: np.ufunc) -> Rest:
        """What the law leaves of the target: of the one the network is shown, and of the true one on the rows
        of fits and of screens."""
        fits, screens, all_rows = self._fitter.rows, self._rows, self._problem.train.features
        return Rest(
            operation(self._target, evaluate(law, all_rows)),
            operation(fits.target, evaluate(law, fits.features)),
            operation(screens.target, evaluate(law, screens.features)),
        )

    def _next_bases(self) -> list[Expression]:
        """Laws of the front that were not looked at: the simplest, which may be a part of the truth, and the
        most precise."""
        left = {structural_hash(law, with_constants=False): law for law in self._front if self._has_rest(law)}
        keys = [key for key in left if key not in self._used]
        chosen = [*keys[: BASES // 2], *keys[BASES // 2 :][-(BASES // 2) :]]
        self._used.update(dict.fromkeys(chosen))
        return [left[key] for key in chosen]

    def _has_rest(self, law: Expression) -> bool:
        """Whether there is room for a part that the law lacks, and something for it to explain."""
        train = self._problem.train
        with np.errstate(all="ignore"):
            rest = np.abs(train.target - evaluate(law, train.features))
        left = np.isfinite(rest).all() and np.max(rest) > EXACT * np.max(np.abs(train.target))
        return bool(left and law.features and law.size + 2 <= self._problem.max_size)

    def _parts(self, rest: Rest, beside: FloatArray | None) -> list[Expression]:
        """Skeletons that go with a rest, those with constants fitted to it.

        beside : the values of the law on the rows of screens, where its slope is to be fitted anew
        """
        if not all(np.isfinite(values).all() and np.ptp(values) > 0.0 for values in rest):
            return []
        q, share = self._settings, REST_SHARE
        retrieved, samples = q.retrieved // share, q.samples // share
        look = self._eye.look(rest.shown) if q.heads or retrieved or samples else None
        if look is not None and q.heads:
            chances = tuple(column_chances(look).tolist())
        else:
            chances = tuple(association(self._fitter.rows.features, rest.fitted).tolist())
        plain: list[Expression] = []
        if q.screened // share:
            screen = replace(self._screen(chances, max(1, q.orders // share)), beside=beside)
            aims = (Aim(rest.screened),)
            plain = self._written(screen.plain(self._places, aims, q.screened // share), aims)
        laws: list[Expression] = []
        if look is not None:
            laws = self._retrieved(look, rest.shown, max(1, q.orders // share), retrieved)
            drawn = self._eye.sample(look, samples, self._random, self._names)
            laws += [body(law) for law in drawn]
        usable = self._fitter.bearable(dict.fromkeys(laws))
        fits = self._fitter.fitted(usable, self._random, rest.fitted)
        return [*plain, *(body(law) for law in self._fitter.chosen(fits, PARTS))]

    @property
    def _hunting(self) -> bool:
        """Whether the wolves have a turn: every other one after the decoder's, until they are done."""
        return self._wolves_left and self._turn % 2 == FIRST % 2

    @property
    def _wolves_left(self) -> bool:
        return self._settings.wolves and (self._pack is None or self._pack.iteration < ITERATIONS)

    @property
    def _exhausted(self) -> bool:
        """Whether nothing more is to come. Rests may always: the others may move the front at any time, and a
        turn with nothing to look at costs nothing."""
        return self._turn >= FIRST and not self._settings.residuals and not self._wolves_left

    def _of_wolves(self) -> tuple[Expression, ...]:
        """Some iterations of the grey wolves, begun around the place of the table."""
        if self._pack is None:
            self._pack = Pack.of(self._eye, self._target, self._random)
        found: list[Fit] = []
        for _ in range(WOLF_STEPS):
            decoded = self._eye.decoded(self._look, self._pack.latents, self._random, self._names)
            fits = self._fitter.each([body(law) for law in decoded], self._random)
            found += [fit for fit in fits if fit is not None]
            losses = np.array([np.inf if fit is None else fit.loss for fit in fits])
            self._pack.step(losses, self._random)
        return self._fitter.proposed(self._fitter.chosen(found, REFINED))

    # ------------------------------------------------------------ skeletons

    def _screen(self, chances: tuple[float, ...], orders: int) -> Screen:
        return Screen(self._bank, self._rows, chances, orders)

    def _written(self, hits: Hits, aims: Sequence[Aim]) -> list[Expression]:
        self._screened[0] += hits.evaluations
        self._screened[1] += hits.node_evaluations
        return [law_of(self._bank, hit, aims, self._rows) for hit in hits.found]

    def _retrieved(self, look: "Look", seen: FloatArray, orders: int, most: int) -> list[Expression]:
        """Skeletons with constants that are likeliest by the table's place, its columns in some order."""
        places = self._places[self._bank.holes[self._places] > 0]
        if not (most and places.size):
            return []
        sizes = set(self._bank.inputs[places].tolist())
        views = self._eye.views(column_chances(look).tolist(), seen, orders, sizes)
        found = nearest(self._bank, views, places, self._eye.temperature, most)
        return [near.skeleton for near in found]

    def _best_of(self, laws: Iterable[Expression]) -> tuple[Expression, ...]:
        fits = self._fitter.fitted(self._fitter.fresh(laws), self._random)
        return self._fitter.proposed(self._fitter.chosen(fits, REFINED))
