"""Expressions the user suggests, their constants fitted."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc.engine.fit import fit_constants
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form
from eqdisc.expr.format import format_expression
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.form_fit import fit_form
from eqdisc.search.proposer import Proposals, State


@dataclass(frozen=True)
class Seeds:
    """Propose given expressions once: each with its constants fitted, and each with a slope and an intercept.

    expressions : texts in the names of the table's columns, or trees; numbers in them are first guesses, and
                  other names, as in "k/r**2", are free parameters, fitted from many starts

    A suggestion is the user's own word: it may use operators that the search may not. `start` raises
    ParseError for a text that is no expression, OptionError for a column or a size beyond the problem's;
    `propose` InputError for parameters that make no finite law of some row.

    >>> Seeds(("k*sqrt(depth)", "exp(-0.5*depth)")).name
    'seeds'
    """

    expressions: tuple[str | Expression, ...]
    name: str = "seeds"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "SeedsSession":
        """A session that proposes all in its only epoch; needs neither randomness nor threads."""
        names = problem.dataset.feature_names
        macros = problem.operators.macros
        target = problem.dataset.target_name
        forms = tuple(
            Form.parse(e, names, macros, target=target, functions=False)
            if isinstance(e, str)
            else Form(str(e), names, e)
            for e in self.expressions
        )
        for form in forms:
            _check_admitted(form, problem)
        return SeedsSession(problem, forms, seed)


class SeedsSession:
    """One run of `Seeds`: exhausted after one epoch."""

    def __init__(self, problem: Problem, forms: tuple[Form, ...], seed: np.random.SeedSequence) -> None:
        self._problem = problem
        self._forms = forms
        self._seed = int(seed.generate_state(1)[0])

    def prepare(self) -> float:
        """Compile the fit of constants, by fitting one."""
        began = time.perf_counter()
        one = np.ones(1)
        fit_constants(Expression.constant(0.0), one[:, None], one)
        return time.perf_counter() - began

    def propose(self) -> Proposals:
        """Every expression, fitted; then nothing more."""
        train = self._problem.train
        variants = [variant for form in self._forms for variant in self._variants(self._settled(form))]
        fits = [fit_constants(variant, train.features, train.target, train.weights) for variant in variants]
        self._forms = ()
        return Proposals(
            expressions=tuple(fit.expression for fit in fits),
            evaluations=len(fits),
            node_evaluations=sum(fit.expression.size * (fit.steps + 1) for fit in fits) * train.n_rows,
            exhausted=True,
            as_given=True,
        )

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """A suggestion does not change with what others find."""

    def state(self) -> State:
        """Whether all has been proposed."""
        return {"exhausted": not self._forms}

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        if state["exhausted"]:
            self._forms = ()

    def _settled(self, form: Form) -> Expression:
        """The suggestion with its parameters at their best; the numbers in it are fitted after that."""
        if not form.parameters:
            return form.tree
        return fit_form(form, self._problem.train, seed=self._seed).expression

    def _variants(self, tree: Expression) -> Iterator[Expression]:
        yield tree
        scaled = _with_slope_and_intercept(tree)
        if scaled.size <= self._problem.max_size:
            yield scaled


def _with_slope_and_intercept(tree: Expression) -> Expression:
    slope, intercept = Expression.constant(1.0), Expression.constant(0.0)
    return Expression.apply("add", Expression.apply("mul", slope, tree), intercept)


def _check_admitted(form: Form, problem: Problem) -> None:
    names = (*form.columns, *form.parameters)
    tree = form.tree
    if tree.features and tree.features[-1] >= len(names):
        raise OptionError(
            f"a suggested expression reads column {tree.features[-1]}, counted from 0; "
            f"the table has {len(form.columns)} features"
        )
    if tree.size > problem.max_size:
        text = format_expression(tree, names, digits=6)
        raise OptionError(
            f"the suggested {text} has {tree.size} nodes, the limit is {problem.max_size}; raise max_size"
        )
