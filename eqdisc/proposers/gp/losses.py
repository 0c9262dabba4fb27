"""What an island minimises: squares of errors, of relative errors, of errors of the logarithm, or of ranks.

Where a target spans many decades its squares are decided by the few largest rows. Relative errors weigh all
rows alike; they are the right measure near a law, but far from one they favour what is too small, whose
error is never above 100 %. Errors of the logarithm have no such bias, and with a slope and an intercept there
they leave a factor and a power free: the size of any law can be followed over all decades at once. Signs are
left to the other losses, under which such trees are fitted again.

Ranks weigh all rows alike as well and leave more free: any function that rises or falls throughout. An
island of ranks looks for what is inside it. What stands outside is chosen among a few functions by a
regression of the undone target on the tree, as the link function of a generalised linear model (McCullagh and
Nelder 1989, ch. 2), and the whole is fitted again under the other losses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.programs import Blocks
from eqdisc.engine.reference import evaluate
from eqdisc.engine.workspace import Sample, sample_of
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet

Loss = Literal["absolute", "relative", "magnitude", "rank"]
#: Losses that leave a function of the tree free: slope and intercept are fitted, whatever units say, and the
#: tree is no law yet.
FOLLOWING: tuple[Loss, ...] = ("magnitude", "rank")

#: Share of the rows at each end that do not count for the spread; rows smaller than those of the least share
#: weigh no more than these, lest one that is nearly zero by chance decides alone.
ENDS, LEAST = 0.05, 0.01
#: A slope this close to one, or an intercept this small beside the target's spread, is left out.
NEGLIGIBLE = 1e-9
#: Functions that may stand around a tree which follows ranks, and how each is undone.
_LINKS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "": lambda y: y,
    "exp": np.log,
    "log": np.exp,
    "inv": np.reciprocal,
    "square": np.sqrt,
    "sqrt": np.square,
}
#: Exponents that are told from a fitted one, and how near it has to be.
_EXPONENTS, _NEAR = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0), 0.05


def decades(target: FloatArray) -> float:
    """Decades that the sizes of most rows span; zeros are left out.

    >>> decades(10.0 ** np.linspace(0.0, 10.0, 1001)), decades(np.zeros(3))
    (9.0, 0.0)
    """
    sizes = np.abs(target[target != 0.0])
    if sizes.size == 0:
        return 0.0
    low, high = np.quantile(np.log10(sizes), [ENDS, 1.0 - ENDS])
    return float(round(high - low, 6))


@dataclass(frozen=True)
class View:
    """The rows as an island sees them.

    blocks    : features and what stands for the target
    variances : sum of squares that losses are measured by, of all rows and of the first `screened`
    """

    loss: Loss
    blocks: Blocks
    variances: FloatArray
    screened: int

    @classmethod
    def of(
        cls,
        loss: Loss,
        features: FloatArray,
        target: FloatArray,
        weights: FloatArray | None,
        screened: int,
        centered: bool,
    ) -> "View":
        """Lay out (n, k) features and (n,) target; centered: trees have an intercept of their own."""
        if loss == "magnitude":
            rows = target != 0.0
            features, target = features[rows], np.log(np.abs(target[rows]))
            weights, centered = None if weights is None else weights[rows], True
        elif loss == "rank":
            target, centered = _ranks(target), True
        elif loss == "relative":
            weights = in_proportion(target) * (1.0 if weights is None else weights)
        size = -(-len(target) // 64) * 64
        blocks = Blocks.of(features, target, weights, block=size, centered=centered)
        screened = min(screened, len(target))
        return cls(loss, blocks, np.array([blocks.variance, _spread(blocks, screened)]), screened)

    @property
    def sample(self) -> Sample:
        """All rows, for the kernels."""
        return sample_of(self.blocks)

    @property
    def screen(self) -> Sample:
        """The rows of the first look."""
        return self.sample._replace(n_rows=self.screened)


def in_proportion(target: FloatArray) -> FloatArray:
    """(n,) weights under which squares of errors are squares of relative errors."""
    sizes = np.abs(target)
    least = np.quantile(sizes[sizes > 0.0], LEAST)
    weights: FloatArray = (least / np.maximum(sizes, least)) ** 2
    return weights


def linked(
    tree: Expression, features: FloatArray, target: FloatArray, operators: OperatorSet
) -> Expression | None:
    """The tree inside the function of a line that fits best: undone, the target is nearest to a line in it.

    features, target : (n, k) and (n,); None where no function that is allowed has a line

    >>> x = np.linspace(0.0, 2.0, 9)
    >>> law = linked(Expression.variable(0), x[:, None], np.exp(3.0 * x), OperatorSet.parse("+ * exp"))
    >>> law.size, bool(np.allclose(evaluate(law, x[:, None]), np.exp(3.0 * x)))
    (4, True)
    """
    best: Expression | None = None
    nearest = -1.0
    values = evaluate(tree, features)
    if not {"add", "mul"} <= set(operators.names) or not np.isfinite(values).all() or np.ptp(values) == 0.0:
        return None
    centred = values - np.mean(values)
    sign = -1.0 if np.max(target) < 0.0 else 1.0
    for name, undone in _LINKS.items():
        with np.errstate(all="ignore"):
            aim = undone(sign * target)
            straight = np.corrcoef(values, aim)[0, 1] ** 2
        if not (np.isfinite(aim).all() and straight > nearest):
            continue
        slope = float(centred @ aim / (centred @ centred))
        intercept = float(np.mean(aim) - slope * np.mean(values))
        line = tree if abs(slope - 1.0) < NEGLIGIBLE else slope * tree
        if abs(intercept) > NEGLIGIBLE * np.std(aim):
            line = line + intercept
        law = _around(line, name, operators)
        if law is not None:
            best, nearest = law if sign > 0.0 else -1.0 * law, straight
    return best


def _around(line: Expression, name: str, operators: OperatorSet) -> Expression | None:
    """A function of a line; None where it is not allowed."""
    if not name:
        return line
    if name in operators.names:
        return Expression.apply(name, line)
    return 1.0 / line if name == "inv" and "div" in operators.names else None


def power_of(tree: Expression, exponent: float, operators: OperatorSet) -> Expression:
    """The tree raised to the simple exponent next to a fitted one; the tree where none is near or allowed.

    >>> x = Expression.variable(0)
    >>> str(power_of(x, -1.98, OperatorSet.parse("* / square"))), str(power_of(x, 0.7, OperatorSet.of("/")))
    ('1/x0**2', 'x0')
    """
    near = [e for e in _EXPONENTS if abs(exponent - e) < _NEAR]
    if not near:
        return tree
    names, size = set(operators.names), abs(near[0])
    word = {1.0: "", 2.0: "square", 3.0: "cube", 0.5: "sqrt"}[size]
    if word in names:
        powered = Expression.apply(word, tree)
    elif word and (word == "sqrt" or "mul" not in names):
        return tree
    else:
        powered = tree
        for _ in range(int(size) - 1):
            powered = Expression.apply("mul", powered, tree)
    if near[0] > 0.0:
        return powered
    if "div" in names:
        return Expression.apply("div", Expression.constant(1.0), powered)
    return Expression.apply("inv", powered) if "inv" in names else tree


def _ranks(values: FloatArray) -> FloatArray:
    """(n,) from -1 to 1; equal values share theirs."""
    rising = np.sort(values)  # scipy.stats.rankdata gives the same, and takes a second to import
    places = (np.searchsorted(rising, values, "left") + np.searchsorted(rising, values, "right") + 1) / 2.0
    ranks: FloatArray = places * (2.0 / len(values)) - 1.0
    return ranks


def _spread(blocks: Blocks, rows: int) -> float:
    """What squared residuals of the first rows are measured by: spread if centred, else squares."""
    y, w = blocks.target[0, :rows], blocks.weights[0, :rows]
    mean = np.average(y, weights=w) if blocks.center else 0.0
    return float(np.sum(w * (y - mean) ** 2))
