"""One joint law for several outputs over the same parameters: surfaces, curves, any table of many outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from time import perf_counter

from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.readable import readable
from eqdisc.expr.simplify import simplify
from eqdisc.problem import Problem
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.polish import polish
from eqdisc.search.spelling import allowed_codes, respell
from eqdisc.surfaces.law import InterruptedSearch, SurfaceFront
from eqdisc.surfaces.parametric.assembly import front_of
from eqdisc.surfaces.parametric.rational import shared_denominator
from eqdisc.surfaces.parametric.refine import refine
from eqdisc.surfaces.parametric.sums import SumLaws, sum_laws
from eqdisc.surfaces.parametric.table import Choice, Table
from eqdisc.surfaces.solver import MOST_BLOCKS, explicit_solver, surface_language

QUOTIENT = "quotient with a shared denominator"
SEARCHED = "search"
SMALLEST_BLOCK = 2
LARGEST_BLOCK = 9
LAST_SHARE = 0.1  # of the time, for fitting all laws together at the end ...
LAST_SECONDS = 1.0  # ... and at most so much of it
MOST_CONFIRMED = 4


@dataclass(frozen=True)
class _Setup:
    """What a fit is told."""

    language: OperatorSet
    time_limit: float
    epochs: int | None
    seed: int
    threads: int | None
    max_size: int
    pretrained: bool


def fit_parametric(
    parameters: ArrayLike,
    outputs: ArrayLike,
    names: Sequence[str],
    targets: Sequence[str],
    *,
    operators: str | Sequence[str] | OperatorSet | None = None,
    time_limit: float = 20.0,
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    pretrained: bool = True,
) -> SurfaceFront:
    """Find each output as a function of the parameters, all outputs together.

    parameters : (n, k), named by `names`; outputs : (n, m), named by `targets`
    operators  : as in `eqdisc.discover`; None for the usual ones with sinh, cosh, tan and atan
    time_limit : seconds for everything; what structure tells takes a few at most where there are as many, the
                 rest is searched
    epochs     : exactly so many epochs of each search instead, and time for all that structure tells
    max_size   : nodes that the law of one output may have
    pretrained : whether the searches may use what was learned before from other tables

    Sums of products of functions of one parameter are found without a search (`sums`), then outputs that
    share a denominator (`rational`); outputs still without a law are searched for one by one, the parts of
    the laws of the others being suggested. Outputs that share nothing are as good as searched alone. NaN and
    infinities are refused with row and column. DataError for what is no table, OptionError for a setting.

    >>> import numpy as np
    >>> u, v = np.random.default_rng(0).uniform(0.0, 6.0, (2, 400))
    >>> tube = 2.0 + 0.5 * np.cos(v)
    >>> torus = np.column_stack([tube * np.cos(u), tube * np.sin(u), 0.5 * np.sin(v)])
    >>> found = fit_parametric(np.column_stack([u, v]), torus, ["u", "v"], ["x", "y", "z"])
    >>> law = found.laws[found.best]
    >>> law.exact, str(law.expressions[0])
    (True, '(2 + 0.5*cos(x1))*cos(x0)')
    """
    if not time_limit > 0.0:
        raise OptionError(f"time_limit is {time_limit!r} seconds; wanted a number above zero")
    language = surface_language(operators)
    table = Table.of(parameters, outputs, names, targets)
    setup = _Setup(language, time_limit, epochs, seed, threads, max_size, pretrained)
    with threadpool_limits(1, user_api="blas"):
        return _Fit(table, setup).run()


class _Fit:
    """One run: the laws tried so far for each output, the best last."""

    def __init__(self, table: Table, setup: _Setup) -> None:
        self.table = table
        self.setup = setup
        self.allowed = allowed_codes(setup.language)
        self.deadline = inf if setup.epochs is not None else perf_counter() + setup.time_limit
        self.choices: dict[int, list[Choice]] = {
            j: [table.constant_law(j)] for j in range(len(table.constant))
        }
        self.notes: list[str] = []
        self.explained: set[int] = {j for j, constant in enumerate(table.constant) if constant}

    def run(self) -> SurfaceFront:
        table = self.table
        interrupted = False
        try:
            if table.active and table.varying:
                self.take_sums(sum_laws(table, self.allowed, self.late), "")
                self.take_quotients()
                self.search()
                self.finish()
        except KeyboardInterrupt:  # the best so far
            interrupted = True
        front = front_of(
            table,
            [self.choices[j] for j in range(len(table.constant))],
            [*self.notes, *self.shared_notes()],
            table.warnings,
        )
        return replace(front, interrupted=interrupted)

    @property
    def last_seconds(self) -> float:
        """How long fitting all laws together may take, however late it is."""
        return min(LAST_SECONDS, LAST_SHARE * self.setup.time_limit)

    def late(self) -> bool:
        """Whether the time is up."""
        return perf_counter() >= self.deadline

    # ------------------------------------------------------------ what structure tells

    def take_sums(self, laws: SumLaws | None, origin: str) -> None:
        if laws is None:
            return
        for j, choices in laws.choices.items():
            self.offer(j, [replace(c, origin=origin or c.origin) for c in choices])
            if laws.explains(j) and choices[-1].expression.size <= self.setup.max_size:
                self.explained.add(j)

    def take_quotients(self) -> None:
        """Outputs without a law yet that are sums of products once multiplied by a common denominator."""
        table = self.table
        missing = [j for j in table.varying if j not in self.explained]
        if not missing or self.late():
            return
        denominator = shared_denominator(table, missing, self.allowed, self.late)
        if denominator is None:
            return
        below = evaluate(denominator, table.data.features)
        data = replace(table.data, targets=table.data.targets * below[:, None])
        laws = sum_laws(replace(table, data=data), self.allowed, self.late)
        if laws is None:
            return
        for j in missing:
            if j in laws.choices:
                top = laws.choices[j][-1].expression
                choice = table.choice(j, top / denominator, QUOTIENT)
                if choice is not None:
                    self.offer(j, [choice])
                    if choice.exact:
                        self.explained.add(j)

    # ------------------------------------------------------------ what is searched for

    def search(self) -> None:
        """Search for the outputs that are not explained, the rest of the time shared among them.

        A search has an epoch at least, so that none is begun for which there is no time.
        """
        missing = [j for j in self.table.varying if j not in self.explained]
        for place, j in enumerate(missing):
            left = self.deadline - self.last_seconds - perf_counter()
            if left <= 0.0:
                names = ", ".join(self.table.data.target_names[j] for j in missing[place:])
                self.notes.append(f"the time was up before {names} could be searched for")
                return
            interrupted: InterruptedSearch | None = None
            try:
                laws = explicit_solver(
                    self.dataset(j),
                    self.setup.language,
                    time_limit=min(left / (len(missing) - place), self.setup.time_limit),
                    epochs=self.setup.epochs,
                    seed=self.setup.seed,
                    threads=self.setup.threads,
                    max_size=self.setup.max_size,
                    pretrained=self.setup.pretrained,
                    blocks=self.blocks(),
                )
            except InterruptedSearch as stop:
                interrupted, laws = stop, stop.laws
            found = [self.table.choice(j, law, SEARCHED) for law in laws]
            self.offer(j, [choice for choice in found[::-1] if choice is not None])
            if interrupted is not None:
                raise interrupted
            if self.choices[j][-1].exact:
                self.explained.add(j)

    def dataset(self, output: int) -> Dataset:
        found = self.table.datasets[output]
        assert found is not None  # constant outputs are explained from the start
        return found

    def blocks(self) -> list[Expression]:
        """Parts of the laws of other outputs, those first that occur in several."""
        counts: dict[Expression, int] = {}
        for j in sorted(self.explained):
            law = self.choices[j][-1].expression
            for part in {law.subtree(i) for i in range(law.size)}:
                if SMALLEST_BLOCK <= part.size <= LARGEST_BLOCK and part.features:
                    counts[part] = counts.get(part, 0) + 1
        order = sorted(counts, key=lambda part: (-counts[part], -part.size, str(part)))
        return order[:MOST_BLOCKS]

    # ------------------------------------------------------------ the end

    def finish(self) -> None:
        """Fit the constants of all laws together, tidy each, keep what is no worse."""
        self.deadline = max(self.deadline, perf_counter() + self.last_seconds)
        outputs = list(self.table.varying)
        laws = [self.choices[j][-1].expression for j in outputs]
        joint = refine(laws, self.table.data.features, self.table.data.targets[:, outputs], self.late)
        for j, law in zip(outputs, joint, strict=True):
            before = self.choices[j][-1]
            for form in dict.fromkeys((law, self.tidied(law))):
                choice = self.table.choice(j, form, before.origin)
                if choice is not None and self.improves(choice, before):
                    before = choice
            before = self.polished(j, before)
            self.choices[j][-1] = before

    def polished(self, output: int, choice: Choice) -> Choice:
        """The law with useless terms and digits gone, where it is not exact and short already."""
        if choice.exact or self.late():
            return choice
        dataset = self.dataset(output)
        problem = Problem.of(dataset, self.setup.language, self.setup.max_size, self.setup.seed)
        scorer = Scorer(problem)
        candidate = scorer.score(choice.expression, choice.origin)
        if candidate is None:
            return choice
        found = self.table.choice(output, polish(candidate, scorer).expression, choice.origin)
        return found if found is not None and found.bits < choice.bits else choice

    def tidied(self, law: Expression) -> Expression:
        simpler = respell(readable(simplify(law)), self.allowed)
        return law if simpler is None or simpler.size >= law.size else simpler

    def improves(self, choice: Choice, before: Choice) -> bool:
        if choice.exact != before.exact:
            return choice.exact
        return choice.bits <= before.bits + 1e-9

    def offer(self, output: int, choices: Sequence[Choice]) -> None:
        """Laws tried for an output, the best last; those too large are left out."""
        known = self.choices[output]
        best = known[-1]
        for choice in choices:
            law = respell(choice.expression, self.allowed)
            if law is None or law.size > self.setup.max_size:
                continue
            offered = choice if law == choice.expression else replace(choice, expression=law)
            known.append(offered)
            if (offered.exact, -offered.bits) > (best.exact, -best.bits):
                best = offered
        self.choices[output] = [*(choice for choice in known if choice is not best), best]

    def shared_notes(self) -> list[str]:
        """What the laws have in common, in words."""
        from eqdisc.expr.format import format_expression

        names = self.table.data.feature_names
        counts: dict[Expression, set[int]] = {}
        for j in self.table.varying:
            law = self.choices[j][-1].expression
            for i in range(law.size):
                part = law.subtree(i)
                if part.size > SMALLEST_BLOCK + 1 and part.features:
                    counts.setdefault(part, set()).add(j)
        shared = [part for part, owners in counts.items() if len(owners) > 1]
        if not shared:
            return []
        largest = max(shared, key=lambda part: (part.size, str(part)))
        owners = [self.table.data.target_names[j] for j in sorted(counts[largest])]
        return [f"{', '.join(owners)} share {format_expression(largest, names, 6)}"]
