"""Skeletons that look like laws of science, many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, IntArray
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import ADD, CONSTANT, VARIABLE, code_of
from eqdisc.proposers.snip.generator.settings import GeneratorSettings
from eqdisc.proposers.snip.kernels.arena import arena
from eqdisc.proposers.snip.kernels.draws import chances, draw_all
from eqdisc.proposers.snip.kernels.forms import form_addresses
from eqdisc.proposers.snip.kernels.reading import read_all
from eqdisc.proposers.snip.kernels.renaming import rename_all
from eqdisc.proposers.snip.vocabulary import BEGIN, END, FIRST_INPUT, FIRST_OPERATOR, INPUTS, LENGTH
from eqdisc.proposers.snip.vocabulary import CONSTANT as HOLE

_LONGEST = LENGTH - 2
#: What `reading` needs of it; handed on, so that nothing of it is compiled in.
_VOCABULARY = np.array([BEGIN, END, HOLE, FIRST_INPUT, FIRST_OPERATOR - ADD])


@dataclass(frozen=True)
class Skeletons:
    """Skeletons in normal form, in postfix order.

    nodes : (n, LENGTH - 2) 32 times the operator, plus the input of a variable; beyond a skeleton anything
    sizes : (n,) nodes of each
    """

    nodes: IntArray
    sizes: IntArray

    def __len__(self) -> int:
        return len(self.sizes)

    def taken(self, which: AnyArray) -> "Skeletons":
        """Some of them."""
        return Skeletons(self.nodes[which], self.sizes[which])

    @staticmethod
    def joined(parts: "Sequence[Skeletons]") -> "Skeletons":
        """Several as one."""
        return Skeletons(
            np.concatenate([part.nodes for part in parts]), np.concatenate([part.sizes for part in parts])
        )

    def inputs(self) -> BoolArray:
        """(n, INPUTS) the inputs of each."""
        used = np.zeros((len(self), INPUTS), np.bool_)
        rows, columns = np.nonzero(self._there() & (self.nodes >> 5 == VARIABLE))
        used[rows, self.nodes[rows, columns] & 31] = True
        return used

    def programs(self, holes: Sequence[float] = (1.0,)) -> Programs:
        """The skeletons as programs with these numbers in their holes, over and over, each from the first."""
        there = self._there()
        codes = self.nodes >> 5
        hole = codes == CONSTANT
        numbers = np.asarray(holes, float)[(np.cumsum(hole & there, axis=1) - 1) % len(holes)]
        values = np.where(hole, numbers, np.where(codes == VARIABLE, 1.0, 0.0))
        args = np.where(codes == VARIABLE, self.nodes & 31, 0)
        offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        return Programs(codes[there].astype(np.int32), args[there].astype(np.int32), values[there], offsets)

    def read(self) -> "Reading":
        """Their tokens, and what they are without slope and intercept."""
        n = len(self)
        tokens = np.zeros((n, LENGTH), np.int16)
        bare = Skeletons(np.zeros((n, _LONGEST), np.int64), np.zeros(n, np.int64))
        read_all(
            form_addresses(), _VOCABULARY, arena(), self.nodes, self.sizes, tokens, bare.nodes, bare.sizes
        )
        return Reading(tokens, bare)

    def _there(self) -> BoolArray:
        return np.arange(self.nodes.shape[1]) < self.sizes[:, None]


class Reading(NamedTuple):
    """Tokens (n, LENGTH) as `vocabulary.encode`, and the skeletons without slope and intercept."""

    tokens: AnyArray
    bare: Skeletons


def reordered(tokens: AnyArray, order: IntArray) -> AnyArray:
    """Tokens (n, LENGTH) of skeletons whose tables have their columns in another order.

    order : (n, INPUTS) the column that each was before, all ten of them

    >>> from eqdisc.proposers.snip.vocabulary import NAMES
    >>> quotient = np.array([[BEGIN, NAMES.index("div"), FIRST_INPUT, FIRST_INPUT + 2, END]], np.int16)
    >>> [NAMES[token] for token in reordered(quotient, np.array([[2, 0, 1, 3, 4, 5, 6, 7, 8, 9]]))[0, :5]]
    ['begin', 'div', 'x1', 'x0', 'end']
    """
    found = np.zeros_like(tokens)
    rename_all(form_addresses(), _VOCABULARY, arena(), np.argsort(order, axis=1), tokens, found)
    return found


class Grammar:
    """Draws skeletons over given inputs, each of which occurs.

    A law is a product, a quotient, a sum ... of parts, each with some of the inputs, down to single inputs;
    any part may be inside a function, and the whole inside an outermost one.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        functions, joints = (
            {code_of(name): weight for name, weight in weights.items()}
            for weights in (settings.functions, settings.joints)
        )
        self._chances = chances(functions, joints, settings.applied, settings.repeated)
        self._longest = settings.tokens - 2

    def draw(self, wanted: BoolArray, state: AnyArray) -> Skeletons:
        """A skeleton for each row of `wanted` (n, inputs); one of no nodes where none came out that is short
        and says no nonsense, or where no input is wanted."""
        found = Skeletons(np.zeros((len(wanted), _LONGEST), np.int64), np.zeros(len(wanted), np.int64))
        short = found.nodes[:, : self._longest]
        draw_all(self._chances, arena(), state, wanted, short, found.sizes)
        return found
