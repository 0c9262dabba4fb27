"""A search made ready: its table, language and strategies; run, kept in a folder, judged by resampling."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import get_args

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc._typing import IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.physical_constants import physical_constants
from eqdisc.data.scale import Scaling
from eqdisc.data.searched import ConstantsMode, Restored, SearchedTable
from eqdisc.data.units import Unit
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.simplify import simplify
from eqdisc.expr.units import UnitError, UnitRules, propagate
from eqdisc.findings import Discovery
from eqdisc.portfolio import portfolio, usable
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.seeds import Seeds
from eqdisc.proposers.template import HasForm, Template, match_template
from eqdisc.report.folder import RunFolder
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.complexity import complexity
from eqdisc.scoring.description import fixed_constants
from eqdisc.search.checkpoint import SearchState, write_checkpoint
from eqdisc.search.choice import STANDARD_ERRORS
from eqdisc.search.engine import Budget, Search, SearchResult, StopReason
from eqdisc.search.named_constants import named_constant
from eqdisc.search.observer import Observer
from eqdisc.search.proposer import Proposer
from eqdisc.search.refit import on_all_rows, refit, search_rows
from eqdisc.search.relevance import feature_weights, influences
from eqdisc.search.spelling import allowed_codes, respell
from eqdisc.search.stability import stability as resampled_stability
from eqdisc.search.working_units import InWorkingUnits
from eqdisc.settings import Settings

MODES: tuple[ConstantsMode, ...] = get_args(ConstantsMode)
SMALLEST_SHARE = 1e-12  # of the variance of a target, that anything is claimed of
RESAMPLE_SHARE = 2.0  # effort of all resamples together, in searches like the one they are held against


@dataclass(frozen=True)
class SearchTask:
    """A search made ready: the table without what is forbidden, language, strategies and settings; warnings
    of strategies that have to be left out.

    `SearchTask.of` refuses what is impossible before anything is written; OptionError says why.
    """

    dataset: Dataset
    settings: Settings
    language: OperatorSet
    strategies: tuple[Proposer, ...]
    searched: SearchedTable
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        settings: Settings,
        language: OperatorSet,
        proposers: str | Sequence[str | Proposer] | None,
    ) -> "SearchTask":
        for name in (*settings.forbid, *settings.require):
            if name not in dataset.feature_names:
                raise OptionError(
                    f"there is no feature {name!r} to require or forbid; "
                    f"the table has {', '.join(dataset.feature_names)}"
                )
        both = set(settings.forbid) & set(settings.require)
        if both:
            raise OptionError(f"the feature {sorted(both)[0]!r} is both required and forbidden")
        if settings.forbid:
            dataset = dataset.select([name for name in dataset.feature_names if name not in settings.forbid])
        for text in (*settings.guesses, *settings.blocks, settings.template or ""):
            barred = [name for name in settings.forbid if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
            if barred:
                raise OptionError(
                    f"{text!r} contains {barred[0]!r}, which is forbidden; leave out one of the two"
                )
        Budget(
            settings.time_limit, settings.epochs
        )  # looked at before anything is written, as all that follows
        searched = _searched(dataset, settings)
        for guess in settings.guesses:
            _form(guess, searched.names, dataset, language, functions=False)
        for block in settings.blocks:
            _block(block, searched, dataset, language)
        if settings.template is not None:
            _check_template(_form(settings.template, searched.names, dataset, language), settings)
            if proposers is not None or settings.guesses or settings.blocks:
                raise OptionError(
                    "a template has a strategy of its own; leave out proposers, guesses and blocks"
                )
            strategies: tuple[Proposer, ...] = (Template(settings.template),)
            warnings: tuple[str, ...] = ()
        else:
            strategies, warnings = usable(portfolio(proposers), settings.pretrained)
            settings = replace(settings, proposers=tuple(strategy.name for strategy in strategies))
        if settings.guesses:
            strategies = (Seeds(settings.guesses), *strategies)
        return cls(dataset, settings, language, strategies, searched, warnings)

    def keep(
        self, folder: RunFolder, observers: Sequence[Observer], state: SearchState | None = None
    ) -> Discovery:
        """Run in a folder: its state is kept there after every epoch, everything else at the end."""
        troubles: list[str] = []

        def keeper(state: SearchState) -> None:
            try:
                write_checkpoint(folder.checkpoint_path, state)
            except OSError as error:  # a full disk must not end a search
                troubles.append(f"{folder.checkpoint_path} could not be written: {error.strerror or error}")

        found = self.run(observers, keeper, state)
        if troubles:
            found = replace(found, warnings=(*found.warnings, troubles[0]))
        try:
            folder.write_results(found, self.dataset)
        except (OSError, DataError) as error:
            lost = f"the run could not be kept whole in {folder.path}: {error}"
        except KeyboardInterrupt:
            lost = f"interrupted before all was written to {folder.path}; `eqdisc resume` writes it again"
        else:
            return found
        return replace(found, warnings=(*found.warnings, lost))

    def run(
        self,
        observers: Sequence[Observer] = (),
        keeper: Callable[[SearchState], None] | None = None,
        state: SearchState | None = None,
    ) -> Discovery:
        """Search, fit what was found to all rows, say how stable it is.

        Linear algebra here is many small matrices, which threads of BLAS only slow down (beside one other
        process 12 times), and whose last digits would depend on their number.
        """
        with threadpool_limits(1, user_api="blas"):
            return self._run(observers, keeper, state)

    def _run(
        self,
        observers: Sequence[Observer],
        keeper: Callable[[SearchState], None] | None,
        state: SearchState | None,
    ) -> Discovery:
        settings, searched = self.settings, self.searched
        dataset = searched.apply(self.dataset)
        threads = settings.threads or available_cores()
        rows = search_rows(self.dataset, settings.seed)
        problem = self._problem(dataset, rows)
        form = (
            None
            if settings.template is None
            else _form(settings.template, searched.names, dataset, self.language)
        )
        problem = replace(
            self._with_prior(problem),
            restriction=None if form is None else HasForm(form),
            units=searched.rules(),
        )
        search = Search(
            problem,
            _in_working_units(self.strategies, problem),
            Budget(settings.time_limit, settings.epochs),
            settings.seed,
            threads,
            tuple(observers),
            keeper=keeper,
            resume_from=state,
        )
        result = search.run()
        if rows is not None:
            problem = on_all_rows(problem, dataset, rows, settings.seed)
            result = refit(result, problem, threads)
        match = None if form is None else match_template(form, result.best.expression)
        found = self._told(result, problem, rows)
        if match is not None:
            found = replace(found, notes=(*found.notes, *match.lines()))
        if settings.stability and found.stopped is not StopReason.INTERRUPTED:
            return self._judged_by_resampling(found)
        return found

    def _problem(self, dataset: Dataset, rows: IntArray | None) -> Problem:
        """The problem of a table: of some rows of it where there are very many."""
        return Problem.of(
            dataset if rows is None else dataset.take(rows),
            self.language,
            self.settings.max_size,
            self.settings.seed,
            [dataset.feature_names.index(name) for name in self.settings.require],
        )

    def _with_prior(self, problem: Problem) -> Problem:
        """What the table says of its features beforehand."""
        blocks = (_block(block, self.searched, self.dataset, self.language) for block in self.settings.blocks)
        prior = Prior(forms=tuple(dict.fromkeys(blocks)))
        offered = len(self.searched.constants)
        train = problem.train.select(self.dataset.feature_names) if offered else problem.train
        known = influences(train)
        weights = feature_weights(train, known, self.settings.seed)
        if not offered:
            return replace(problem, prior=replace(prior, relevance=weights, irrelevance=known))
        # Constants of nature explain nothing. Where numbers may have any unit none is needed as an input, and
        # fitted numbers are called by their names; where they may not, all of them are tried as often as one
        # feature.
        free = self.settings.constants == "free"
        weights = weights or (1.0,) * train.n_features
        share = 0.0 if free else sum(weights) / max(len(weights), offered)
        if known is not None:
            places = range(train.n_features, train.n_features + offered)
            known = replace(
                known,
                deviates=(*known.deviates, *(0.0 for _ in places)),
                relevant=known.relevant if free else (*known.relevant, *places),
            )
        weights = (*weights, *(share,) * offered)
        return replace(problem, prior=replace(prior, relevance=weights, irrelevance=known))

    def _told(self, result: SearchResult, problem: Problem, rows: IntArray | None) -> Discovery:
        """What was found, in terms of the columns as they were given."""
        settings, searched = self.settings, self.searched
        rules = problem.units
        given = problem
        if not searched.is_given:
            given = self._problem(self.dataset, rows)
            if rows is not None:
                given = on_all_rows(given, self.dataset, rows, settings.seed)
        result, restored = _restored(result, searched)
        constants = searched.constants

        def match(value: float, error: float, unit: Unit) -> str | None:
            spread = STANDARD_ERRORS * error * unit.factor
            return named_constant(value * unit.factor, spread, unit.dimension, constants)

        found = Discovery.of(
            result,
            given,
            self.dataset,
            settings.seed,
            settings.record(),
            restored,
            match if constants else None,
        )
        warnings = (*self.warnings, *searched.warnings, *_units_broken(rules, result, restored))
        notes = (*found.notes, *searched.notes, *_without_influence(problem, self.dataset, found.best.tree))
        return replace(found, notes=notes, warnings=(*found.warnings, *warnings))

    def _judged_by_resampling(self, found: Discovery) -> Discovery:
        count = self.settings.stability
        epochs = ceil(RESAMPLE_SHARE * found.epochs / count)
        again = replace(self, settings=replace(self.settings, stability=0, epochs=max(1, epochs)))

        def solve(table: Dataset, seed: int) -> Expression:
            task = replace(again, dataset=table, settings=replace(again.settings, seed=seed))
            outcome = task.run()
            if outcome.stopped is StopReason.INTERRUPTED:
                raise KeyboardInterrupt  # which ends the resampling; what was resampled so far counts
            return outcome.best.tree

        rows = search_rows(self.dataset, self.settings.seed)
        searched = self.dataset if rows is None else self.dataset.take(rows)
        judged = resampled_stability(searched, found.best.tree, solve, count, self.settings.seed)
        return replace(found, stability=judged)


def _searched(dataset: Dataset, settings: Settings) -> SearchedTable:
    """The table to search; OptionError for what is impossible with its units."""
    mode = next((mode for mode in MODES if mode == settings.constants), None)
    if mode is None:
        raise OptionError(f"constants is {settings.constants!r}; wanted {', '.join(MODES)}")
    constants = physical_constants(settings.physical_constants)
    if mode == "named" and not constants:
        raise OptionError(
            "constants are to be named ones and none was offered; "
            'offer some: --physical-constants c,h,k_B, or physical_constants="all"'
        )
    formulas = (*settings.guesses, settings.template or "")
    as_given = [
        name
        for name in dataset.feature_names
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for text in formulas)
    ]
    searched = SearchedTable.of(dataset, mode, constants, as_given)
    if mode != "free" and searched.rules() is None:
        raise OptionError(
            f"constants are to be {mode} and no column has a unit that is known; "
            "give units in the header, as in v [m/s], or by --units"
        )
    return searched


def _restored(
    result: SearchResult, searched: SearchedTable
) -> tuple[SearchResult, dict[Candidate, Restored]]:
    """The result over the columns as given; no law of its front is beaten by another, but for the best."""

    def restore(law: Candidate) -> Restored:
        return searched.restore(law.expression, fixed_constants(law.expression).tolist())

    if searched.is_given:
        return result, {law: restore(law) for law in (*result.front, result.best)}
    laws: dict[Candidate, Candidate] = {}
    facts: dict[Candidate, Restored] = {}
    for law in dict.fromkeys((*result.front, result.best, *result.rivals)):
        known = restore(law)
        laws[law] = replace(law, expression=known.tree, complexity=complexity(known.tree))
        facts[laws[law]] = known
    front = sorted((laws[law] for law in result.front), key=lambda law: (law.complexity, law.loss))
    best = laws[result.best]
    kept = [
        law for i, law in enumerate(front) if law == best or all(other.loss > law.loss for other in front[:i])
    ]
    rivals = tuple(laws[law] for law in result.rivals if laws[law] in kept)
    return replace(result, front=tuple(kept), best=best, rivals=rivals), facts


def _without_influence(problem: Problem, dataset: Dataset, best: Expression) -> tuple[str, ...]:
    """Which inputs show no influence, and how sure that is."""
    known = problem.prior.irrelevance
    if known is None:
        return ()
    idle = [name for j, name in enumerate(dataset.feature_names) if j in known.sure_dummies]
    used = {dataset.feature_names[j] for j in best.features}
    if not idle or used.intersection(idle):
        return ()
    return (
        f"no influence on {dataset.target_name!r} shows of {', '.join(idle)}: one that accounts for "
        f"{max(known.hidden, SMALLEST_SHARE):.1g} of its variance would have shown",
    )


def _units_broken(
    rules: UnitRules | None, result: SearchResult, restored: Mapping[Candidate, Restored]
) -> tuple[str, ...]:
    if rules is None or rules.admit(restored[result.best].searched):
        return ()
    return ("no law whose units hold was found; this is the best of those without",)


def _form(
    text: str, names: Sequence[str], dataset: Dataset, language: OperatorSet, functions: bool = True
) -> Form:
    return Form.parse(text, names, language.macros, target=dataset.target_name, functions=functions)


def _block(text: str, searched: SearchedTable, dataset: Dataset, language: OperatorSet) -> Expression:
    """A building block as the user wrote it, over the columns searched; OptionError where no law could
    contain it."""
    if "=" in text:
        raise OptionError(f"the building block {text!r} is an equation; give the part alone, or a guess")
    form = _form(text, searched.names, dataset, language, functions=False)
    what = f"the building block {text!r}"
    if form.parameters:
        raise OptionError(
            f"{what} contains {form.parameters[0]!r}, which is no column; "
            "a block has columns and numbers, constants to fit belong into a guess"
        )
    plain = simplify(form.tree)
    if not plain.features or plain.size == 1:
        raise OptionError(f"{what} is no more than a column or a number; leave it out")
    tree = respell(searched.shifted(form.tree), allowed_codes(language))
    if tree is None:
        raise OptionError(
            f"{what} cannot be written with the operators {' '.join(language.names)}; "
            "allow those it needs, or leave it out"
        )
    with np.errstate(all="ignore"):
        values = evaluate(tree, searched.apply(dataset).features)
    if not np.isfinite(values).all():
        raise OptionError(f"{what} has no finite value on some row; leave it out")
    rules = searched.rules()
    if rules is not None:
        try:
            propagate(tree, rules.features, rules.constants)
        except UnitError as error:
            units = ", ".join(
                f"{searched.names[j]} [{unit.text}]"
                for j in tree.features
                if (unit := searched.units[j]) is not None
            )
            raise OptionError(f"the units of {what} do not hold: it joins {units}") from error
    return tree


def _check_template(form: Form, settings: Settings) -> None:
    if not form.calls:
        raise OptionError(
            f"the template {form.text!r} has no unknown function such as f(x); "
            "`eqdisc fit`, or eqdisc.fit, fits a form without"
        )
    read = {
        form.columns[j]
        for part in (form.tree, *(a for call in form.calls for a in call.arguments))
        for j in part.features
        if j < len(form.columns)
    }
    absent = [name for name in settings.require if name not in read]
    if absent:
        raise OptionError(f"the template {form.text!r} does not read {absent[0]!r}, which is required")


def available_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _in_working_units(strategies: Iterable[Proposer], problem: Problem) -> tuple[Proposer, ...]:
    """The strategies, working in scale-free units where columns are extreme; the way back multiplies.

    What the user wrote is in the units of the table and stays there.
    """
    scaling = Scaling.of(problem.dataset)
    if scaling.is_identity or "mul" not in problem.operators:
        return tuple(strategies)
    return tuple(
        strategy if isinstance(strategy, Seeds | Template) else InWorkingUnits(strategy, scaling)
        for strategy in strategies
    )
