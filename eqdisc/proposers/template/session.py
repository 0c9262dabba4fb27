"""One run of a template: small functions in order, and a genetic search over tuples of functions."""

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, product
from math import inf, isfinite, log2
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdisc.expr.canonical import structural_hash
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form
from eqdisc.expr.operators import VARIABLE
from eqdisc.problem import Problem
from eqdisc.proposers.template.breeding import Breeder, shorter_bodies
from eqdisc.proposers.template.composer import Bodies, Composer, Fitted, Trial
from eqdisc.proposers.template.small import SmallFunctions
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.proposer import Proposals, State
from eqdisc.search.sample import sample

if TYPE_CHECKING:
    from eqdisc.proposers.template.proposer import Template

BITS_PER_NODE = 3.0  # what a node has to gain to be kept by a tournament
_MASK = (1 << 64) - 1


class TemplateSession:
    """Keeps the best laws of every size; each epoch fits a batch of trials in the compiled engine."""

    def __init__(
        self, settings: "Template", form: Form, problem: Problem, seed: np.random.SeedSequence, threads: int
    ) -> None:
        self._settings = settings
        self._form = form
        self._problem = problem
        self._random = Random(int(seed.generate_state(2, np.uint64)[0]))
        self._rows = sample(problem.train, settings.max_rows)
        self._refit_rows = sample(problem.train, settings.refit_rows)
        self._composer = Composer(form, self._rows, threads)
        self._small = [
            SmallFunctions.of(form.arity(name), problem.operators, settings.largest_small)
            for name in form.functions
        ]
        scale = float(np.sqrt(np.mean(np.square(self._rows.target)))) or 1.0
        self._breeder = Breeder(self._small, problem.operators, scale)
        self._enumerated = 0
        self._queue = _by_total_size(self._small)
        self._archive: dict[int, list[Fitted]] = {}
        self._tried: dict[int, int] = {}
        self._reported: dict[int, float] = {}

    # ------------------------------------------------------------ the protocol of a session

    def prepare(self) -> float:
        """Compile the fit, by fitting one law."""
        began = time.perf_counter()
        self._composer.fit([self._first()], 1)
        return time.perf_counter() - began

    def propose(self) -> Proposals:
        """One epoch: a batch of trials, fitted; the laws that got better, at their exact optimum."""
        trials = self._batch()
        work = self._learn(trials)
        shorter = self._shorter()
        work += self._learn(shorter)
        laws = self._improved()
        return Proposals(laws, len(trials) + len(shorter), work, as_given=True)

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """A template has its own memory: what others find is not of its form."""

    def state(self) -> State:
        """The laws kept, what was tried and reported, the place in the queue, the random stream."""
        version, words, gauss = self._random.getstate()
        return {
            "random": [version, list(words), gauss],
            "enumerated": self._enumerated,
            "archive": [_record(fitted) for size in sorted(self._archive) for fitted in self._archive[size]],
            "tried": np.array(list(self._tried), dtype=np.uint64),
            "times_tried": np.array(list(self._tried.values()), dtype=np.int64),
            "reported": [[size, loss] for size, loss in self._reported.items()],
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        version, words, gauss = state["random"]
        self._random.setstate((version, tuple(words), gauss))
        self._skip(state["enumerated"])
        self._archive = {}
        for record in state["archive"]:
            fitted = _of_record(record)
            self._archive.setdefault(fitted.size, []).append(fitted)
        times = zip(state["tried"].tolist(), state["times_tried"].tolist(), strict=True)
        self._tried = dict(times)
        self._reported = {int(size): float(loss) for size, loss in state["reported"]}

    def _skip(self, count: int) -> None:
        self._queue = islice(_by_total_size(self._small), count, None)
        self._enumerated = count

    # ------------------------------------------------------------ what is tried

    def _first(self) -> Trial:
        return Trial(
            tuple(Expression.variable(0) for _ in self._small), tuple(1.0 for _ in self._form.parameters)
        )

    def _batch(self) -> list[Trial]:
        batch = self._settings.batch
        trials = list(self._from_queue(batch // 2 if self._archive else batch))
        members = [fitted for size in sorted(self._archive) for fitted in self._archive[size]]
        if not members:
            return trials
        scores = [self._score(fitted) for fitted in members]
        for _ in range(4 * batch):
            if len(trials) >= batch:
                break
            first, second = (members[self._tournament(scores)].trial for _ in range(2))
            child = self._breeder.child(first, second, self._random)
            if child is not None and self._is_worth(child.bodies, self._settings.tries):
                trials.append(child)
        return trials

    def _from_queue(self, count: int) -> Iterator[Trial]:
        """The next small functions; those with numbers from two starts."""
        taken = 0
        while taken < count and self._enumerated < self._settings.most_enumerated:
            bodies = next(self._queue, None)
            if bodies is None:
                return
            self._enumerated += 1
            for start in range(2):
                parameters = tuple(self._breeder.number(self._random) for _ in self._form.parameters)
                started = tuple(self._breeder.started(body, self._random) for body in bodies)
                if (start == 0 or started != bodies) and self._is_worth(bodies, self._settings.tries):
                    taken += 1
                    yield Trial(started, parameters)

    def _is_worth(self, bodies: Bodies, tries: int) -> bool:
        """Whether the law is small enough, reads what it must and was not tried too often; counts the try."""
        key = 0
        for body in bodies:
            key = (key * 0x9E3779B97F4A7C15 + _skeleton_hash(body.codes, _leaves(body)) + 1) & _MASK
        times = self._tried.get(key, 0)
        if times >= tries:
            return False
        law = self._composer.compose(bodies)
        required = self._problem.required
        if len(law[0]) > self._problem.max_size or not set(required) <= self._composer.features_of(law):
            return False
        self._tried[key] = times + 1
        return True

    def _score(self, fitted: Fitted) -> float:
        return 0.5 * self._rows.n_rows * log2(max(fitted.loss, 1e-300)) + BITS_PER_NODE * fitted.size

    def _tournament(self, scores: list[float]) -> int:
        entrants = [self._random.randrange(len(scores)) for _ in range(self._settings.tournament)]
        return min(entrants, key=scores.__getitem__)

    # ------------------------------------------------------------ what is kept

    def _learn(self, trials: list[Trial]) -> int:
        """Fit the trials and keep the best of every size; the work done."""
        attempts = self._settings.attempts
        bounds: list[Fitted] = []
        work = 0
        for trial, size, loss, numbers in self._composer.fit(trials, attempts):
            work += size * (attempts + 1) * self._rows.n_rows
            if not isfinite(loss) or not self._has_room(size, loss) or not np.isfinite(numbers).all():
                continue
            fitted = Fitted(self._composer.trial(trial.bodies, numbers), loss, size)
            if self._composer.shares(trial.bodies):
                bounds.append(fitted)
            else:
                self._keep(fitted)
        for bound in sorted(bounds, key=self._score)[: self._settings.exact_fits]:
            found = self._composer.refit(bound.trial, self._rows, attempts)
            if found is not None:
                self._keep(found[1])
        return work

    def _has_room(self, size: int, loss: float) -> bool:
        kept = self._archive.get(size, [])
        return len(kept) < self._settings.kept_per_size or loss < kept[-1].loss

    def _keep(self, fitted: Fitted) -> None:
        if not self._has_room(fitted.size, fitted.loss):
            return
        kept = self._archive.setdefault(fitted.size, [])
        if any(abs(other.loss - fitted.loss) <= 1e-9 * other.loss for other in kept):
            return  # the same law in other words
        kept.append(fitted)
        kept.sort(key=lambda other: other.loss)
        del kept[self._settings.kept_per_size :]

    def _shorter(self) -> list[Trial]:
        """The laws about to be proposed with one operator left out."""
        return [
            Trial(bodies, best.trial.parameters)
            for best in self._news()
            for bodies in shorter_bodies(best.trial.bodies)
            if self._is_worth(bodies, self._settings.tries)
        ]

    def _improved(self) -> tuple[Expression, ...]:
        """The news, at their exact optimum."""
        laws = []
        for best in self._news():
            self._reported[best.size] = best.loss
            found = self._composer.refit(best.trial, self._refit_rows, self._settings.refit_steps)
            if found is not None:
                laws.append(found[0])
        return tuple(laws)

    def _news(self) -> list[Fitted]:
        """The laws that no smaller one beats and that got better since they were last proposed."""
        news = []
        least = inf
        for size in sorted(self._archive):
            best = self._archive[size][0]
            if best.loss < least and best.loss < 0.999 * self._reported.get(size, inf):
                news.append(best)
            least = min(least, best.loss)
        return news


def _by_total_size(small: Sequence[SmallFunctions]) -> Iterator[Bodies]:
    """All tuples of small functions, those of the least total size first."""
    for total in range(len(small), sum(functions.largest for functions in small) + 1):
        for sizes in product(*(range(1, functions.largest + 1) for functions in small)):
            if sum(sizes) == total:
                yield from product(
                    *(functions.of_size(size) for functions, size in zip(small, sizes, strict=True))
                )


def _leaves(body: Expression) -> tuple[float, ...]:
    return tuple(
        value if code == VARIABLE else 0.0 for code, value in zip(body.codes, body.payload, strict=True)
    )


@lru_cache(maxsize=100_000)
def _skeleton_hash(codes: tuple[int, ...], leaves: tuple[float, ...]) -> int:
    return structural_hash(Expression(codes, leaves), with_constants=False)


def _record(fitted: Fitted) -> dict[str, Any]:
    return {
        "codes": [list(body.codes) for body in fitted.trial.bodies],
        "payloads": [list(body.payload) for body in fitted.trial.bodies],
        "parameters": list(fitted.trial.parameters),
        "loss": fitted.loss,
        "size": fitted.size,
    }


def _of_record(record: dict[str, Any]) -> Fitted:
    bodies = (
        Expression(tuple(codes), tuple(payload))
        for codes, payload in zip(record["codes"], record["payloads"], strict=True)
    )
    return Fitted(Trial(tuple(bodies), tuple(record["parameters"])), record["loss"], record["size"])
