"""Batches of laws with their tables, without end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.engine.random import stream
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.batch import Batch
from eqdisc.proposers.snip.excluded import SMALL, Excluded, plain_hashes
from eqdisc.proposers.snip.fingerprint import FILLED, contained, skeleton_hashes, value_hashes
from eqdisc.proposers.snip.generator.columns import Columns, draw_columns
from eqdisc.proposers.snip.generator.constants import filled
from eqdisc.proposers.snip.generator.grammar import Grammar, Skeletons
from eqdisc.proposers.snip.generator.settings import GeneratorSettings
from eqdisc.proposers.snip.generator.tables import described, draw_tables, separated, taken
from eqdisc.proposers.snip.skeleton import Node, plain
from eqdisc.proposers.snip.vocabulary import INPUTS, keys_of

#: One of so many skeletons is held out.
_ONE_OF = np.uint64(32)
#: Ranges tried for a skeleton: the first as they come, then of the order of one.
_RANGES = 3
#: Skeletons worked on at a time, at most.
_MOST_AT_ONCE = 4096
#: Share of skeletons that become laws below which those made before are taken, however many.
_BARREN = 0.05
#: Rounds without a single law, after which there are too few.
_MOST_IDLE = 20
#: Points and numbers in the holes that tell skeletons apart by their values.
_POINTS = 24
_HOLES = (1.37, 0.83, 2.19, 0.57, 1.71, 2.9, 0.71, 1.13)
_FEWEST_FINITE = 6


@dataclass(frozen=True)
class _Drafts:
    """Skeletons on their way to becoming laws, hashes of their tokens and values, and which columns
    their tables have and use."""

    skeletons: Skeletons
    tokens: AnyArray
    keys: AnyArray
    values: AnyArray
    present: BoolArray
    relevant: BoolArray

    def taken(self, which: IntArray) -> "_Drafts":
        """Some of them."""
        arrays = (self.tokens, self.keys, self.values, self.present, self.relevant)
        return _Drafts(self.skeletons.taken(which), *(array[which] for array in arrays))


class Generator:
    """Laws that look like science, without end, each with a table of its values.

    seed     : same seed, same batches, on any number of threads; a worker of many takes a `SeedSequence`
               spawned from one
    excluded : laws that are never made (nor any with the same skeleton, or the same values up to slope and
               intercept, whatever the numbering of the inputs), unless small

    No law is made twice with one skeleton, or two skeletons with the same values, but for the share of
    `settings.reused`. A generator forgets nothing between batches.

    >>> batch = Generator(0).batch(4, rows=16)
    >>> batch.features.shape, batch.tokens.shape
    ((4, 16, 10), (4, 24))
    """

    def __init__(
        self,
        seed: int | np.random.SeedSequence,
        settings: GeneratorSettings | None = None,
        excluded: Excluded | None = None,
    ) -> None:
        source = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        arrays, words = (
            np.random.SeedSequence(source.entropy, spawn_key=(*source.spawn_key, 0, k)) for k in range(2)
        )
        self.settings = settings or GeneratorSettings()
        self._rng = np.random.default_rng(arrays)
        self._state = stream(words)
        self._excluded = excluded
        self._grammar = Grammar(self.settings)
        self._weights = np.array(self.settings.inputs) / np.sum(self.settings.inputs)
        self._known: set[int] = set()
        self._values: dict[int, int] = {}
        self._rate = 0.5

    def batch(self, count: int, rows: int | None = None) -> Batch:
        """The next laws with their tables, of so many rows each; of different numbers of rows without.

        OptionError where the settings allow too few laws.
        """
        return self._gathered(count, rows)[0]

    def laws(self, count: int) -> list[Expression]:
        """The next laws, with their constants, without their tables."""
        return self.labelled_laws(count, 32)[1]

    def labelled_laws(self, count: int, rows: int | None = None) -> tuple[Batch, list[Expression]]:
        """The next batch, and its laws with their constants."""
        batch, programs = self._gathered(count, rows)
        return batch, [each.expression(place) for each in programs for place in range(len(each))]

    def _gathered(self, count: int, rows: int | None) -> tuple[Batch, list[Programs]]:
        if count < 1 or (rows is not None and rows < 4):
            raise OptionError(f"asked for {count} tables of {rows} rows; wanted at least 1, of 4")
        parts: list[Batch] = []
        programs: list[Programs] = []
        pool: list[Skeletons] = []
        left, reused, idle, enough = count, 0, 0, True
        barren = _BARREN / int(_ONE_OF) if self.settings.part == "held out" else _BARREN
        while idle < _MOST_IDLE:
            number = min(_MOST_AT_ONCE, int(1.1 * left / self._rate) + 8)
            quota = int(np.ceil(self.settings.reused * count)) - reused if enough else count
            part, law, again = self._portion(number, left, rows, pool, quota)
            left, reused = left - len(part), reused + again
            idle = 0 if len(part) else idle + 1
            enough = enough and len(part) > barren * number
            parts.append(part)
            programs.append(law)
            if not left:
                return _joined(parts), programs
        raise OptionError("these settings allow too few laws; take more inputs, functions or tokens")

    # ------------------------------------------------------------ a portion

    def _portion(
        self, number: int, wanted: int, rows: int | None, pool: list[Skeletons], quota: int
    ) -> tuple[Batch, Programs, int]:
        """Laws of so many skeletons, at most those wanted; their programs; how many were made before."""
        drafts, again = self._drafted(number, pool, quota)
        programs, columns, places = self._filled(drafts)
        lengths = self._rows(len(places), rows)
        features, values, good = draw_tables(programs, columns, lengths, self._rng)
        good &= ~self._withheld(programs)
        places, programs, lengths = places[good], taken(programs, np.flatnonzero(good)), lengths[good]
        features, values = features[good], values[good]
        found = described(programs)
        pairs = separated(programs, features, lengths, found.relevant)
        clear = np.flatnonzero(pairs.clear & (found.relevant == drafts.relevant[places]).all(axis=1))
        self._rate = 0.8 * self._rate + 0.2 * max(0.005, len(clear) / number)
        clear = clear[:wanted]
        kept = places[clear]
        self._remember(drafts, kept)
        target, noise = self._noisy(values[clear], lengths[clear])
        relevant = found.relevant[clear]
        both = relevant[:, :, None] & relevant[:, None, :] & ~np.eye(INPUTS, dtype=np.bool_)
        batch = Batch(
            features=np.ascontiguousarray(features[clear].transpose(0, 2, 1)),
            target=target,
            rows=lengths[clear],
            columns=drafts.present[kept].sum(axis=1),
            tokens=drafts.tokens[kept],
            keys=drafts.keys[kept],
            operators=found.operators[clear],
            relevant=relevant,
            size=np.diff(programs.offsets)[clear],
            additive=pairs.additive[clear],
            multiplicative=pairs.multiplicative[clear],
            pairs=both,
            periodic=found.periodic[clear],
            outer=found.outer[clear],
            noise=noise,
        )
        return batch, taken(programs, clear), int(np.isin(kept, again).sum())

    def _drafted(self, number: int, pool: list[Skeletons], quota: int) -> tuple[_Drafts, IntArray]:
        """Skeletons that may be made, and places of those made before; they go into the pool too."""
        present, relevant = self._columns(number)
        drawn = self._drawn(present, relevant, pool)
        rows = np.flatnonzero(drawn.sizes)
        drawn = drawn.taken(rows)
        tokens, bare = drawn.read()
        keys, values = keys_of(tokens), _values_of(drawn)
        drafts = _Drafts(drawn, tokens, keys, values, present[rows], relevant[rows])
        fresh, again = self._chosen(keys, values, self._left_out(drawn, bare), quota)
        drafts = drafts.taken(fresh)
        pool.append(drafts.skeletons)
        return drafts, again

    def _drawn(self, present: BoolArray, relevant: BoolArray, pool: list[Skeletons]) -> Skeletons:
        """A skeleton for each table, of its relevant inputs; or one of the others or of the pool, whose
        inputs are the relevant ones then."""
        rng = self._rng
        again = rng.random(len(present)) < 0.5 * self.settings.reused
        drawn = self._grammar.draw(relevant & ~again[:, None], self._state)
        known = Skeletons.joined([*pool, drawn])
        known = known.taken(np.flatnonzero(known.sizes))
        places = np.flatnonzero(again)
        if len(known) and len(places):
            chosen = known.taken(rng.integers(len(known), size=len(places)))
            drawn.nodes[places], drawn.sizes[places] = chosen.nodes, chosen.sizes
            relevant[places] = chosen.inputs()
            present[places] |= np.logical_or.accumulate(relevant[places, ::-1], axis=1)[:, ::-1]
        return drawn

    def _columns(self, number: int) -> tuple[BoolArray, BoolArray]:
        rng, most = self._rng, self.settings.most_columns
        used = 1 + rng.choice(len(self._weights), number, p=self._weights)
        spare = np.where(rng.random(number) < self.settings.dummies, most - used, 0)
        # Few dummies are more frequent than many.
        columns = used + np.floor((spare + 1) * rng.random(number) ** 2).astype(np.int64)
        present = np.arange(INPUTS) < columns[:, None]
        order = np.where(present, rng.random((number, INPUTS)), 2.0).argsort(axis=1).argsort(axis=1)
        return present, order < used[:, None]

    def _left_out(self, skeletons: Skeletons, bare: Skeletons) -> BoolArray:
        """Which skeletons are excluded, or of the other part."""
        hashes = skeleton_hashes(bare.programs())
        left_out = np.zeros(len(skeletons), np.bool_)
        if self._excluded is not None:
            filled_in = value_hashes(skeletons.programs(), FILLED)
            left_out |= self._excluded.holds_hashes(hashes, filled_in) & (bare.sizes > SMALL)
        if self.settings.part is not None:
            left_out |= _apart(hashes, bare.sizes) == (self.settings.part == "training")
        return left_out

    def _withheld(self, programs: Programs) -> BoolArray:
        """Which laws are excluded by their values, constants and all."""
        if self._excluded is None:
            return np.zeros(len(programs), np.bool_)
        held = contained(value_hashes(programs), self._excluded.values)
        return held & (np.diff(programs.offsets) > SMALL)

    def _chosen(
        self, keys: AnyArray, values: AnyArray, held: BoolArray, quota: int
    ) -> tuple[IntArray, IntArray]:
        """Places of the skeletons that may be made, and which of those (counted anew) were made before."""
        chosen: list[int] = []
        again: list[int] = []
        known: set[int] = set()
        forms: dict[int, int] = {}
        for place, (key, value) in enumerate(zip(keys.tolist(), values.tolist(), strict=True)):
            if held[place]:
                continue
            if value and self._values.get(value, forms.get(value, key)) != key:
                continue  # another way of writing a skeleton made before
            if key in self._known or key in known:
                if len(again) >= quota:
                    continue
                again.append(len(chosen))
            known.add(key)
            if value:
                forms[value] = key
            chosen.append(place)
        return np.array(chosen, np.int64), np.array(again, np.int64)

    def _remember(self, drafts: _Drafts, kept: IntArray) -> None:
        if len(self._known) >= self.settings.remembered:
            self._known.clear()
            self._values.clear()
        keys, values = drafts.keys[kept].tolist(), drafts.values[kept].tolist()
        self._known.update(keys)
        self._values.update((value, key) for value, key in zip(values, keys, strict=True) if value)

    def _filled(self, drafts: _Drafts) -> tuple[Programs, Columns, IntArray]:
        """Laws with constants on columns with ranges, and the places of their drafts."""
        programs = drafts.skeletons.programs()
        owner = np.repeat(np.arange(len(programs)), drafts.skeletons.sizes)
        left = np.arange(len(programs))
        ranges = draw_columns(drafts.present, drafts.relevant, np.zeros(len(left), np.bool_), self._rng)
        for turn in range(_RANGES):
            if turn:
                usual = np.ones(len(left), np.bool_)
                again = draw_columns(drafts.present[left], drafts.relevant[left], usual, self._rng)
                for name in ("kind", "low", "high", "other"):
                    getattr(ranges, name)[left] = getattr(again, name)
            values, good = filled(taken(programs, left), ranges.low[left], ranges.high[left], self._state)
            programs.values[np.isin(owner, left)] = values
            left = left[~good]
            if not len(left):
                break
        places = np.setdiff1d(np.arange(len(programs)), left)
        return taken(programs, places), ranges.taken(places), places

    def _rows(self, number: int, rows: int | None) -> IntArray:
        if rows is not None:
            return np.full(number, rows)
        low, high = self.settings.rows
        return np.exp(self._rng.uniform(np.log(low), np.log(high + 1.0), number)).astype(np.int64)

    def _noisy(self, values: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Values with Gaussian noise, and its size in units of their standard deviation."""
        rng = self._rng
        low, high = self.settings.noise
        size = np.exp(rng.uniform(np.log(low), np.log(high), len(values)))
        size = np.where(rng.random(len(values)) < self.settings.noisy, size, 0.0)
        inside = np.arange(values.shape[1]) < rows[:, None]
        with np.errstate(all="ignore"):
            mean = values.sum(axis=1) / rows
            spread = np.sqrt((inside * (values - mean[:, None]) ** 2).sum(axis=1) / rows)
        shaken = values + inside * (size * spread)[:, None] * rng.standard_normal(values.shape)
        return np.where((size > 0.0)[:, None], shaken, values), size


def held_out(nodes: Sequence[Node]) -> BoolArray:
    """(n,) which skeletons no training sees: one of 32 of those that are not small, the same whatever the
    slope, the intercept and the numbering of the inputs.

    >>> from eqdisc.proposers.snip.skeleton import skeleton_of
    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> one, same = held_out([skeleton_of(x / (y + 2.0)), skeleton_of(1.0 - 3.0 * y / (x + 1.0))]).tolist()
    >>> one == same
    True
    """
    return _apart(plain_hashes(nodes), np.array([len(plain(node).codes) for node in nodes], np.int64))


def _apart(hashes: AnyArray, sizes: IntArray) -> BoolArray:
    """The same, told from the hashes and sizes of the skeletons without slope and intercept."""
    apart: BoolArray = (sizes > SMALL) & (hashes % _ONE_OF == 0)
    return apart


def _values_of(skeletons: Skeletons) -> AnyArray:
    """(n,) hash of each skeleton's values at fixed points, inputs as numbered; 0 where they tell nothing."""
    points = np.random.default_rng(24).uniform(0.3, 2.7, (_POINTS, INPUTS))
    values = predict_programs(skeletons.programs(_HOLES), points)
    finite = np.isfinite(values)
    mantissa, exponent = np.frexp(np.where(finite, values, 0.0))
    words = np.rint(mantissa * 2.0**26).astype(np.int64) + (exponent.astype(np.int64) << 32)
    words[~finite] = -1
    return np.where(finite.sum(axis=1) >= _FEWEST_FINITE, keys_of(words) | np.uint64(1), np.uint64(0))


def _joined(parts: list[Batch]) -> Batch:
    """One batch of several, the rows of each as many as the longest table has."""
    most = max(int(part.rows.max(initial=0)) for part in parts)
    joined: dict[str, AnyArray] = {}
    for name in Batch.__dataclass_fields__:
        arrays = [getattr(part, name) for part in parts]
        if name in ("features", "target"):
            arrays = [_stretched(array, most) for array in arrays]
        joined[name] = np.concatenate(arrays)
    return Batch(**joined)


def _stretched(array: FloatArray, rows: int) -> FloatArray:
    if array.shape[1] >= rows:
        return array[:, :rows]
    return np.pad(array, [(0, 0), (0, rows - array.shape[1]), *[(0, 0)] * (array.ndim - 2)])


def table(
    law: Expression, rng: np.random.Generator, rows: int = 128, columns: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Inputs (rows, columns) and values (rows,) of a law, drawn as the generator draws them, without noise.

    columns : inputs of the table; those up to the last that the law uses without
    DataError where no ranges were found on which the law is defined and varies.

    >>> x = Expression.variable(0)
    >>> X, y = table(x * x, np.random.default_rng(0), rows=5)
    >>> bool(np.allclose(y, X[:, 0] ** 2))
    True
    """
    used = max(law.features, default=-1) + 1
    width = max(used, 1) if columns is None else columns
    if not used <= width <= INPUTS or rows < 1:
        raise DataError(
            f"asked for a table of {rows} rows and {width} columns; the law uses {used}, at most {INPUTS} "
            "are possible"
        )
    tries = 32
    present = np.tile(np.arange(INPUTS) < width, (tries, 1))
    relevant = np.zeros_like(present)
    relevant[:, list(law.features)] = True
    ranges = draw_columns(present, relevant, np.arange(tries) >= tries // 4, rng)
    programs = Programs.pack([law] * tries)
    features, values, good = draw_tables(programs, ranges, np.full(tries, rows), rng)
    if not good.any():
        raise DataError(f"no table of {law} found: undefined, constant or too large on all ranges tried")
    first = int(np.argmax(good))
    return np.ascontiguousarray(features[first, :width].T), values[first]
