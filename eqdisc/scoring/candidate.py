"""An expression together with what is known of its quality."""

from dataclasses import dataclass

from eqdisc.expr.expression import Expression


@dataclass(frozen=True)
class Candidate:
    """An expression that has been evaluated on every row.

    loss         : weighted mean squared error on the training rows, in squared units of the target
    heldout_loss : the same on the held-out rows; None where no rows are held out
    complexity   : number of nodes
    found_by     : name of the strategy that proposed it
    """

    expression: Expression
    loss: float
    heldout_loss: float | None
    complexity: int
    found_by: str
