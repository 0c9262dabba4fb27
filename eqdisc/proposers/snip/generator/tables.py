"""Tables of laws: inputs drawn, drawn again where the law is undefined, values, and what the values tell."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.evaluate import buffer_for, tapes
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import OPERATORS
from eqdisc.proposers.snip.generator.columns import Columns, sample
from eqdisc.proposers.snip.kernels.tables import ROOM, describe, separations, values_on_tables
from eqdisc.proposers.snip.vocabulary import INPUTS

#: Times that rows outside a law's domain are drawn again.
_AGAIN = 4
#: Values beyond are no numbers of a table.
_LARGEST, _SMALLEST = 1e120, 1e-120
#: Least spread of a law's values, in units of the largest.
_FLAT = 1e-7
#: Least spread of the middle nine tenths, in units of the whole: one row in twenty must not be all there is.
_SPIKE = 1e-4
#: Least change of the law, in units of its spread, when an input it uses changes.
_FEWEST_CHANGE = 0.02


def values_of(programs: Programs, features: FloatArray, rows: IntArray) -> FloatArray:
    """(B, N) value of each law on its table (B, k, N), zero beyond the table's rows; IEEE semantics."""
    from eqdisc.engine.native import evaluation_addresses

    longest = int(np.diff(programs.offsets).max(initial=1))
    out = np.zeros((features.shape[0], features.shape[2]))
    values_on_tables(
        evaluation_addresses(),
        features,
        rows,
        buffer_for(features.shape[1], ROOM, longest),
        tapes(longest, 1, 1),
        programs.ops,
        programs.args,
        programs.values,
        programs.offsets,
        out,
    )
    return out


def draw_tables(
    programs: Programs, columns: Columns, rows: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Inputs (B, k, N), values (B, N), and which laws are defined on all rows and vary.

    Rows where a law has no value are drawn again, in its domain, as long as enough of the others have one.
    """
    most = int(rows.max(initial=1))
    features = sample(columns, most, rng)
    values = values_of(programs, features, rows)
    inside = np.arange(most) < rows[:, None]
    for _ in range(_AGAIN):
        wrong = inside & ~_usable(values)
        share = wrong.sum(axis=1) / rows
        again = np.flatnonzero((share > 0.0) & (share < 0.7))
        if not len(again):
            break
        part = taken(programs, again)
        fresh = sample(columns.taken(again), most, rng)
        found = values_of(part, fresh, np.full(len(again), most))
        for law, table, value in zip(again, fresh, found, strict=True):
            places = np.flatnonzero(wrong[law])
            sound = np.flatnonzero(_usable(value))[: len(places)]
            features[law][:, places[: len(sound)]] = table[:, sound]
            values[law, places[: len(sound)]] = value[sound]
    good = ~(inside & ~_usable(values)).any(axis=1) & _varied(values, inside)
    features *= inside[:, None, :]
    return features, np.where(inside & good[:, None], values, 0.0), good


def _usable(values: FloatArray) -> BoolArray:
    size = np.abs(values)
    usable: BoolArray = (size < _LARGEST) & ((size > _SMALLEST) | (size == 0.0))
    return usable


def _varied(values: FloatArray, inside: BoolArray) -> BoolArray:
    with np.errstate(all="ignore"):
        shown = np.where(inside, values, np.nan)
        ordered = np.sort(shown, axis=1)  # NaN last
        count = inside.sum(axis=1)
        law = np.arange(len(values))
        low, high = ordered[:, 0], ordered[law, count - 1]
        middle = (
            ordered[law, (0.95 * (count - 1)).astype(int)] - ordered[law, (0.05 * (count - 1)).astype(int)]
        )
        whole = high - low
        varied: BoolArray = (whole > _FLAT * np.maximum(np.abs(low), np.abs(high))) & (
            middle > _SPIKE * whole
        )
    return varied


def taken(programs: Programs, which: IntArray) -> Programs:
    """Some of the programs."""
    lengths = np.diff(programs.offsets)[which]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    nodes = np.arange(offsets[-1]) + np.repeat(programs.offsets[which] - offsets[:-1], lengths)
    return Programs(programs.ops[nodes], programs.args[nodes], programs.values[nodes], offsets)


class Described(NamedTuple):
    """What the trees say of B laws: their operators, inputs, inputs inside waves, outermost functions."""

    operators: BoolArray
    relevant: BoolArray
    periodic: BoolArray
    outer: IntArray


def described(programs: Programs) -> Described:
    """Labels that need no table."""
    n = len(programs)
    found = Described(
        np.zeros((n, len(OPERATORS)), np.bool_),
        np.zeros((n, INPUTS), np.bool_),
        np.zeros((n, INPUTS), np.bool_),
        np.zeros(n, np.int64),
    )
    describe(programs.ops, programs.args, programs.offsets, *found)
    return found


@dataclass(frozen=True)
class Separated:
    """What exchanging inputs between rows tells of the laws (`kernels.tables.separations`).

    clear : every input that a law uses changes its value by a good part of its spread, and for every pair it
            could be told whether the law separates
    """

    additive: BoolArray
    multiplicative: BoolArray
    clear: BoolArray


def separated(programs: Programs, features: FloatArray, rows: IntArray, relevant: BoolArray) -> Separated:
    """Labels of the pairs of inputs of each law, from the law's values without noise."""
    from eqdisc.engine.native import evaluation_addresses

    n, k, _ = features.shape
    longest = int(np.diff(programs.offsets).max(initial=1))
    additive, multiplicative = (np.zeros((n, INPUTS, INPUTS), np.bool_) for _ in range(2))
    influence, decided = np.ones((n, INPUTS)), np.zeros(n, np.bool_)
    separations(
        evaluation_addresses(),
        features,
        rows,
        relevant,
        buffer_for(k, ROOM, longest),
        tapes(longest, 1, 1),
        programs.ops,
        programs.args,
        programs.values,
        programs.offsets,
        additive,
        multiplicative,
        influence,
        decided,
    )
    with np.errstate(invalid="ignore"):
        clear = decided & (~relevant | (influence > _FEWEST_CHANGE)).all(axis=1)
    return Separated(additive, multiplicative, clear)
