"""What is asked: data to explain, operators allowed, size allowed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.units import UnitRules
from eqdisc.prior import Prior


@dataclass(frozen=True)
class Problem:
    """A table with its held-out rows set apart, and the language a law may be written in.

    dataset   : all rows
    train     : the rows that constants are fitted to
    heldout   : the rows that only judge; None for a small table, where cross-validation judges instead
    operators : what a law may be made of
    max_size  : nodes a law may have
    required  : indices of the features that every law has to contain
    restriction : tells whether a law is one that was asked for; None for any
    units     : what laws have to respect; None where units play no part
    prior     : what is known of the law beforehand
    """

    dataset: Dataset
    train: Dataset
    heldout: Dataset | None
    operators: OperatorSet
    max_size: int
    required: tuple[int, ...] = ()
    restriction: Callable[[Expression], bool] | None = None
    units: UnitRules | None = None
    prior: Prior = field(default_factory=Prior)

    def __post_init__(self) -> None:
        if self.max_size < 1:
            raise OptionError(
                f"the size limit is {self.max_size} nodes; a law has at least 1, the default is 60"
            )
        object.__setattr__(self, "required", tuple(sorted(set(self.required))))
        _check_required(self)

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        operators: OperatorSet,
        max_size: int,
        seed: int,
        required: Sequence[int] = (),
    ) -> "Problem":
        """Hold a quarter of the rows out, drawn from `seed`; none of a table below 60 rows.

        OptionError for a required feature that is not there, or more of them than a law has room for.
        """
        train, heldout = heldout_split(dataset.n_rows, seed)
        known, judging = (
            (dataset, None) if heldout.size == 0 else (dataset.take(train), dataset.take(heldout))
        )
        return cls(dataset, known, judging, operators, max_size, required=tuple(required))

    def admits(self, expression: Expression) -> bool:
        """Whether the expression contains every required feature, is not too large and not ruled out, and
        its units hold.

        >>> from eqdisc.expr.parse import parse
        >>> table = Dataset.of([[1.0, 2], [2, 0], [3, 1], [4, 5]], [1.0, 2, 3, 5], names=["a", "b"])
        >>> problem = Problem.of(table, OperatorSet.of("add"), max_size=9, seed=0, required=[1])
        >>> problem.admits(parse("a + b", ["a", "b"])), problem.admits(parse("a + 1", ["a", "b"]))
        (True, False)
        """
        features = expression.features if self.required else ()
        fits = expression.size <= self.max_size and set(self.required).issubset(features)
        fits = fits and (self.units is None or self.units.admit(expression))
        return fits and (self.restriction is None or self.restriction(expression))


def _check_required(problem: Problem) -> None:
    names, required = problem.dataset.feature_names, problem.required
    for feature in required:
        if not 0 <= feature < len(names):
            raise OptionError(
                f"feature {feature} is required, counted from 0; the table has {len(names)} features"
            )
    least = 2 * len(required) - 1
    if least > problem.max_size:
        raise OptionError(
            f"a law with {', '.join(names[feature] for feature in required)} has at least {least} nodes, "
            f"the limit is {problem.max_size}; raise max_size or require fewer variables"
        )
    if len(required) > 1 and all(operator.arity < 2 for operator in problem.operators.operators):
        raise OptionError(
            f"{len(required)} variables are required and no operator joins two; allow + or * for instance"
        )
