"""Structure: reductions that the data suggest, handed on to other strategies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypotheses import hypotheses
from eqdisc.proposers.structure.hypothesis import Hypothesis
from eqdisc.proposers.structure.inverting import TURNS
from eqdisc.proposers.structure.learning import learned
from eqdisc.proposers.structure.rests import Link, Rest, chosen_rests
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import INTERPRETED, Proposals, Proposer, State
from eqdisc.search.reduction import recombined
from eqdisc.search.sample import sample
from eqdisc.search.view import ROWS

JUDGED_ROWS = 1000
SURE, AT_ONCE = 1e-9, 6  # share below which a reduction is sure; problems of these searched at once
PLAIN = 6  # nodes of a law that needs no other spelling
SMALL = 1  # inputs of a problem that is solved before it is looked at
SURROGATE_WORK = 50  # node evaluations a row that one look at a problem amounts to, times its inputs squared
LOOKS = 24  # at smaller problems an epoch, at most
# Node evaluations after which an epoch ends with the look it is at; others spend as many. An epoch of 24
# looks took 12e9, 5 s of a core, and ran over the time limit. Not the first: it tells others what is there.
EPOCH_WORK = 3_000_000_000


@dataclass(frozen=True)
class Structure:
    """Look for structure in the table, hand the smaller problems to the strategies inside, put their laws
    together.

    inner      : strategies that solve the smaller problems, each asked once, the quick one first
    thorough   : strategies for the smallest problems that these do not solve, asked epoch by epoch
    branches   : reductions of one problem that are followed at most
    depth      : changes on the way down at most
    problems   : smaller problems looked at in all
    kept       : laws of a smaller problem that are handed up
    rests      : smaller problems that the thorough strategies are given

    >>> Structure().name
    'structure'
    """

    inner: tuple[Proposer, ...] = ()
    thorough: tuple[Proposer, ...] = ()
    branches: int = 2
    depth: int = 8
    problems: int = 40
    kept: int = 4
    rests: int = 2
    name: str = "structure"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "StructureSession":
        """A session that follows one suggestion an epoch; the seed goes to the strategies inside."""
        return StructureSession(self, problem, seed, threads)


@dataclass
class _Work:
    """A problem on the way down: how it came about and what is known of it.

    laws  : found so far, the most convincing first
    kinds : of the reductions that led to the first of them
    """

    problem: Problem
    depth: int
    chain: tuple[Link, ...] = ()
    share: float = 0.0
    laws: list[Expression] = field(default_factory=list)
    kinds: tuple[str, ...] = ()


class StructureSession:
    """One run of `Structure`: its future is told by the number of steps it has made."""

    def __init__(
        self, settings: Structure, problem: Problem, seed: np.random.SeedSequence, threads: int
    ) -> None:
        self._settings, self._problem, self._threads = settings, problem, threads
        self._entropy = seed.generate_state(4)
        self._evaluations = self._node_evaluations = self._looked = self._steps = 0
        self._origins: dict[Expression, str] = {}
        self._learned = Prior()
        self._solved = False
        self._walk: Iterator[bool] | None = self._passes()
        self._at_once = AT_ONCE
        self._unsolved: list[Rest] = []
        self._rests: list[Rest] = []
        self._exhausted = False

    def prepare(self) -> float:
        """Nothing to compile here: the strategies inside compile when they are asked, which most problems
        never come to."""
        return 0.0

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """What others find does not change the structure of the table."""

    def propose(self) -> Proposals:
        """The laws that one suggestion about the whole problem leads to; after the last of these, what the
        thorough strategies find on the smallest problems that nobody solved."""
        self._evaluations = self._node_evaluations = 0
        self._compile_seconds = 0.0
        before = dict(self._origins)
        self._steps += 1
        if self._walk is not None:
            self._follow(self._walk)
        elif self._rests:
            self._search_rests()
        fresh = {law: origin for law, origin in self._origins.items() if law not in before}
        train, found = self._problem.train, dict[Expression, str]()
        for law, origin in fresh.items():
            found.setdefault(optimum(law, train).expression, origin)
        return Proposals(
            tuple(found),
            self._evaluations,
            self._node_evaluations,
            self._exhausted,
            origins=tuple(found.values()),
            compile_seconds=self._compile_seconds,
            learned=self._learned,
        )

    def state(self) -> State:
        """How far the walk has come: all else follows from the problem and the seed."""
        return {"steps": self._steps}

    def restore(self, state: State) -> None:
        """Walk as far again."""
        while self._steps < int(state["steps"]):
            self.propose()

    def _follow(self, walk: Iterator[bool]) -> None:
        """Go on until a suggestion about the whole problem is followed to its end or enough work done."""
        for _ in range(LOOKS):
            whole = next(walk, None)
            if whole is None:
                self._walk = None
                if self._settings.thorough and not self._solved:
                    self._rests = chosen_rests(self._unsolved, self._settings.rests)
                self._exhausted = not self._rests
            if whole is None or whole or (self._steps > 1 and self._node_evaluations >= EPOCH_WORK):
                return

    def _passes(self) -> Iterator[bool]:
        """Straight down along the first suggestions, which is where a law mostly is; then again with all."""
        for branches in range(1, self._settings.branches + 1):
            root = _Work(self._problem, self._settings.depth)
            self._looked = 0
            yield from self._solve(root, branches)
            self._solved = any(is_exact(law, self._problem.train) for law in root.laws)
            if self._solved:
                return

    def _solve(self, work: _Work, branches: int) -> Iterator[bool]:
        """Fill the laws of a problem, the most convincing first, stopping after each look: with True where a
        suggestion about the whole problem has been followed to its end."""
        problem, top = work.problem, not work.chain
        self._looked += 1
        suggested = hypotheses(problem, with_dummies=top) if work.depth > 0 else []
        look = SURROGATE_WORK * problem.train.n_features**2 * min(problem.train.n_rows, ROWS)
        self._node_evaluations += INTERPRETED * look
        self._learned = self._learned.joined(learned(self._problem, work.chain, suggested))
        # What nothing makes smaller first: a law that is found at the end of a chain of reductions is worth
        # more than an approximation of the whole.
        straight = branches == 1
        single = problem.train.n_features <= SMALL
        left = bool(work.chain) and all(hypothesis.kind in TURNS for hypothesis in suggested)
        last = single or left or not suggested
        exact = last and self._asked(work)
        yield False
        for hypothesis in _followed(suggested, branches, turning=single or not straight):
            if exact or self._looked >= self._settings.problems:
                break
            parts = hypothesis.reduction.problems(problem)
            if not parts:
                continue
            depth = 0 if hypothesis.kind in TURNS else work.depth - 1
            found: list[list[Expression]] = [[] for _ in parts]
            kinds = [hypothesis.kind]
            for place, part in enumerate(parts):
                link = Link(problem, hypothesis, place, found)
                share = max(work.share, hypothesis.share)
                inner = _Work(part, depth, (*work.chain, link), share, found[place])
                yield from self._solve(inner, branches)
                del found[place][self._settings.kept :]
                kinds += inner.kinds
            fresh = [fit.expression for fit in recombined(hypothesis.reduction, problem, found)]
            exact = self._add(work, fresh, tuple(dict.fromkeys(kinds)))
            yield top
        if not exact and not last and not straight:
            exact = self._asked(work)
            yield top
        if not exact and work.chain and work.depth > 0:
            self._unsolved.append(Rest(problem, work.chain, work.share, len(self._unsolved)))

    def _asked(self, work: _Work) -> bool:
        """Ask the strategies inside; whether the problem is solved.

        A problem of one input at the end of reductions that lose nothing is worth an epoch of the first
        thorough strategy at once: the part x*exp(-0.4 x) of a sum is no closed form, and after all other
        suggestions it would come seconds later.
        """
        is_leaf = work.chain and work.problem.train.n_features <= SMALL and work.share < SURE
        at_once = self._settings.thorough[:1] if is_leaf and self._at_once > 0 else ()
        exact = False
        for place, proposer in enumerate((*self._settings.inner, *at_once)):
            self._at_once -= place >= len(self._settings.inner)
            seed = np.random.SeedSequence([*self._entropy.tolist(), self._looked, place])
            session = proposer.start(work.problem, seed, self._threads)
            self._compile_seconds += session.prepare()
            proposals = session.propose()
            self._evaluations += proposals.evaluations
            self._node_evaluations += proposals.node_evaluations
            exact = self._add(work, proposals.expressions) or exact
            # x*sqrt(1 + 3/x**2) is sqrt(x**2 + 3) where x is positive, and there alone.
            if exact and (not at_once or work.laws[0].size <= PLAIN):
                break
        return exact

    def _add(self, work: _Work, fresh: Sequence[Expression], kinds: tuple[str, ...] = ()) -> bool:
        """Merge laws by the length of their description; whether the best is exact."""
        train = work.problem.train
        rows = sample(train, JUDGED_ROWS)
        self._evaluations += len(fresh)
        self._node_evaluations += INTERPRETED * sum(law.size for law in fresh) * rows.n_rows
        both = dict.fromkeys([*work.laws, *fresh])
        exact = [law for law in both if is_exact(law, rows)]
        chosen = min(exact, key=len, default=None)
        ranked = sorted(both, key=lambda law: describe(law, rows, train.n_rows).bits)
        if chosen is not None:
            ranked = [chosen, *(law for law in ranked if law != chosen)]
        work.laws[:] = ranked[: 2 * self._settings.kept]
        if work.laws and work.laws[0] in fresh:
            work.kinds = kinds
        if not work.chain:
            self._report([law for law in work.laws if law in fresh], kinds)
        return chosen is not None

    def _report(self, laws: Sequence[Expression], kinds: Sequence[str]) -> None:
        how = f"{self._settings.name} ({', '.join(kinds)})" if kinds else self._settings.name
        for law in laws:
            if self._problem.admits(law):
                self._origins.setdefault(law, how)

    def _search_rests(self) -> None:
        """One epoch of one thorough strategy on one of the smaller problems, in turns."""
        rest = self._rests[self._steps % len(self._rests)]
        if rest.sessions is None:
            seeds = np.random.SeedSequence([*self._entropy.tolist(), rest.place])
            streams = seeds.spawn(len(self._settings.thorough))
            rest.sessions = [
                proposer.start(rest.problem, stream, self._threads)
                for proposer, stream in zip(self._settings.thorough, streams, strict=True)
            ]
            self._compile_seconds = sum(session.prepare() for session in rest.sessions)
        proposals = rest.asked()
        self._evaluations += proposals.evaluations
        self._node_evaluations += proposals.node_evaluations
        kinds = tuple(dict.fromkeys(link.hypothesis.kind for link in rest.chain))
        self._report(rest.lifted(proposals.expressions, self._settings.kept), kinds)
        if not rest.sessions:
            self._rests.remove(rest)
        self._exhausted = not self._rests


def _followed(suggested: Sequence[Hypothesis], branches: int, turning: bool) -> list[Hypothesis]:
    """The first few that change the problem, then, where asked for, all that only turn an input over."""
    changes = [h for h in suggested if h.kind not in TURNS]
    return [*changes[:branches], *(h for h in suggested if h.kind in TURNS and turning)]
