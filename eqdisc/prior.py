"""What is known of a problem before a strategy begins: from a look at the table, and from those before it."""

from dataclasses import dataclass, replace

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, DIV, MUL

EXPLAINED = 0.2  # share that relevant inputs may leave unexplained for the others to be left out
MOST_FORMS = 8  # that strategies add to, those first found


@dataclass(frozen=True)
class Irrelevance:
    """What is known of the influence of each input.

    deviates : normal deviates beyond chance of the best evidence for each input
    relevant : numbers of the inputs that show influence, rising
    share    : of the target's variance (of its logarithm, where that is smoother) that the relevant inputs
               leave unexplained on left-out rows
    hidden   : share of the variance that a column could account for without being noticed
    """

    deviates: tuple[float, ...]
    relevant: tuple[int, ...]
    share: float
    hidden: float

    @property
    def dummies(self) -> tuple[int, ...]:
        """Inputs that show none; none of them named where nothing shows any."""
        if not self.relevant:
            return ()
        return tuple(j for j in range(len(self.deviates)) if j not in self.relevant)

    @property
    def sure_dummies(self) -> tuple[int, ...]:
        """The same where the relevant inputs explain the target well; elsewhere none: an input that acts in
        waves too short for a polynomial may be among those that show nothing."""
        return self.dummies if self.share <= EXPLAINED else ()


@dataclass(frozen=True)
class Prior:
    """Guesses about the law, never held against an expression; empty where nobody has looked.

    relevance   : how often each feature is to be tried, in proportion, 0.0 for never; None for all alike
    irrelevance : which features show an influence; None where nobody has looked
    operators   : names of operators that the law is likely to contain
    forms       : building blocks it is likely to contain, such as `x - y`; none of them a bare feature

    A search hands the prior to every strategy at its start, with what the strategies before it have learned.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> Prior(forms=(x - y,)).joined(Prior(operators=("exp",), forms=(x / y, x - y, x))).forms
    (<Expression x0 - x1>, <Expression x0/x1>)
    """

    relevance: tuple[float, ...] | None = None
    irrelevance: Irrelevance | None = None
    operators: tuple[str, ...] = ()
    forms: tuple[Expression, ...] = ()

    def joined(self, other: "Prior") -> "Prior":
        """This prior with the operators and forms of another after its own."""
        operators = tuple(dict.fromkeys((*self.operators, *other.operators)))
        forms = tuple(dict.fromkeys(form for form in (*self.forms, *other.forms) if form.size > 1))
        return replace(self, operators=operators, forms=forms[: max(len(self.forms), MOST_FORMS)])


def without_factor(form: Expression) -> Expression:
    """A building block without a constant factor, which only says in what unit it is.

    >>> x = Expression.variable(0)
    >>> str(without_factor(1e-30 * (x - 2.0))), str(without_factor((x - 2.0) / 7.0))
    ('x0 - 2', 'x0 - 2')
    """
    if form.root in (MUL, DIV):
        left, right = form.children
        if left.root == CONSTANT and form.root == MUL:
            return without_factor(right)
        if right.root == CONSTANT:
            return without_factor(left)
    return form
