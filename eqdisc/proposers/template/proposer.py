"""Template: the unknown functions of a form, found together with its parameters."""

from dataclasses import dataclass

import numpy as np

from eqdisc.errors import OptionError
from eqdisc.expr.form import Form
from eqdisc.problem import Problem
from eqdisc.proposers.template.session import TemplateSession


@dataclass(frozen=True)
class Template:
    """Search for laws of the form given, as "a*exp(-f(x)) + g(t)": other names are parameters, and names that
    are called are unknown functions.

    The functions are made of the problem's operators, over what the form gives them; what stands in the form
    itself is the user's own word. Small functions are gone through in order, together with a genetic search
    over tuples of functions; all numbers are fitted.

    text            : the form, in the names of the table's columns; "y = ..." may stand before it
    batch           : laws tried in an epoch
    largest_small   : nodes of the largest functions that are gone through in order
    most_enumerated : tuples of these at most
    attempts        : steps of the fit of a trial
    max_rows        : rows that trials are fitted to; laws proposed are fitted to `refit_rows`

    `start` raises ParseError for a text that is no form, OptionError for one without unknown functions or too
    large for the problem. The form is in the units of the table: working units would change its numbers.

    >>> Template("a*exp(-f(x)) + g(t)").name
    'template'
    """

    text: str
    batch: int = 4000
    largest_small: int = 5
    most_enumerated: int = 60_000
    attempts: int = 8
    tries: int = 3
    tournament: int = 5
    kept_per_size: int = 20
    exact_fits: int = 40
    max_rows: int = 200
    refit_rows: int = 5000
    refit_steps: int = 60
    name: str = "template"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> TemplateSession:
        """A session on the problem; its proposals are the same for any number of threads."""
        data = problem.dataset
        form = Form.parse(self.text, data.feature_names, problem.operators.macros, target=data.target_name)
        if not form.functions:
            raise OptionError(
                f"'{self.text}' has no unknown function, such as f({data.feature_names[0]}), to search for; "
                "fit it as a form or give it as a guess"
            )
        if form.tree.size > problem.max_size:
            raise OptionError(
                f"'{self.text}' has at least {form.tree.size} nodes, the limit is {problem.max_size}; "
                "raise max_size"
            )
        return TemplateSession(self, form, problem, seed, threads)
