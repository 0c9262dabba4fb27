"""The bank: skeletons that laws of many kinds have, each with its place in the space of tables.

A skeleton is kept without the slope and the intercept of the whole, in postfix order, its constants as holes,
its inputs numbered as they first occur. The file belongs to the weights its embeddings were made with and
says so.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.atomic import write_bytes
from eqdisc.engine.programs import Programs
from eqdisc.errors import OptionError, WeightsError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ARITY, CONSTANT, OPERATORS, VARIABLE, code_of
from eqdisc.proposers.snip.arrays import named_arrays

#: Number of a file on its disk, its size in bytes, when it changed in nanoseconds.
Stamp = tuple[int, int, int]

FORMAT = 1
_HOLE, _FIRST_INPUT, INPUTS = 0, 1, 10
MOST_NODES = 255  # of a skeleton: sizes are kept in a byte
_FIRST_OPERATOR = _FIRST_INPUT + INPUTS
_UNREADABLE = (OSError, ValueError, TypeError, LookupError, MemoryError)


@dataclass(frozen=True, eq=False)
class Bank:
    """N skeletons, the most frequent first.

    programs   : the skeletons over inputs 0, 1, ... with 1.0 in every hole
    counts     : (N,) how often each was met among so many laws
    embeddings : (N, D) float32 unit vectors
    weights    : digest of the weights that the embeddings were made with
    """

    programs: Programs
    counts: IntArray
    embeddings: AnyArray
    weights: str

    @classmethod
    def of(
        cls, skeletons: Sequence[Expression], counts: Sequence[int], embeddings: AnyArray, weights: str
    ) -> "Bank":
        """From skeletons and (N, D) embeddings of any length.

        >>> x = Expression.variable(0)
        >>> Bank.of([x, x * x], [5, 2], np.eye(2), "none").inputs.tolist()
        [1, 1]
        """
        if not len(skeletons) == len(counts) == len(embeddings) > 0:
            raise OptionError(
                f"a bank of {len(skeletons)} skeletons has {len(counts)} counts and {len(embeddings)} "
                "embeddings; give as many of each, at least one"
            )
        if min(counts) < 1:
            raise OptionError(f"a skeleton of the bank was met {min(counts)} times; wanted 1 or more")
        return cls(Programs.pack(skeletons), np.array(counts, np.int64), _unit(embeddings), weights)

    @staticmethod
    def read(path: Path) -> "Bank":
        """The bank in a file; WeightsError, with what to do, where there is none that can be used.

        Read once for as long as the file does not change.
        """
        try:
            known = stamp(path)
        except OSError as error:
            raise WeightsError(
                f"there is no bank of skeletons {path}; `eqdisc pretrain` writes one beside its weights, "
                "and a release of eqdisc has one for its own"
            ) from error
        return _read(path, known)

    def write(self, path: Path) -> None:
        """Write the bank, whole or not at all; embeddings are rounded to 8 bits.

        DataError where there is no such folder or no room.
        """
        header = {
            "format": FORMAT,
            "operators": [row.name for row in OPERATORS],
            "weights": self.weights,
        }
        largest = np.max(np.abs(self.embeddings), axis=1, keepdims=True)
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            header=np.frombuffer(json.dumps(header).encode(), np.uint8),
            sizes=np.diff(self.programs.offsets).astype(np.uint8),
            tokens=_tokens(self.programs),
            counts=self.counts.astype(np.uint32),
            embeddings=np.round(127.0 * self.embeddings / largest).astype(np.int8),
        )
        write_bytes(path, stream.getvalue())

    def __len__(self) -> int:
        return len(self.programs)

    @cached_property
    def inputs(self) -> IntArray:
        """(N,) inputs of each skeleton."""
        last = np.where(self.programs.ops == VARIABLE, self.programs.args + 1, 0)
        return np.maximum.reduceat(last, self.programs.offsets[:-1]).astype(np.int64)

    @cached_property
    def holes(self) -> IntArray:
        """(N,) constants of each skeleton."""
        return np.add.reduceat((self.programs.ops == CONSTANT).astype(np.int64), self.programs.offsets[:-1])

    @cached_property
    def familiarity(self) -> FloatArray:
        """(N,) logarithm of how often each skeleton was met, 0 for the most frequent."""
        return np.log(self.counts / np.max(self.counts))

    def within(self, codes: frozenset[int]) -> BoolArray:
        """(N,) which skeletons have no node code outside these."""
        outside = ~np.isin(self.programs.ops, list(codes))
        fitting: BoolArray = np.add.reduceat(outside.astype(np.int64), self.programs.offsets[:-1]) == 0
        return fitting

    def containing(self) -> dict[str, float]:
        """The share of laws, as often as they were met, that contain each operator."""
        total = float(np.sum(self.counts))
        shares = {}
        for row in OPERATORS:
            has = np.logical_or.reduceat(self.programs.ops == code_of(row.name), self.programs.offsets[:-1])
            shares[row.name] = float(np.sum(self.counts[has])) / total
        return shares

    def take(self, places: AnyArray) -> Programs:
        """The programs at (m,) places."""
        p = self.programs
        sizes = np.diff(p.offsets)[places]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        nodes = np.repeat(p.offsets[:-1][places] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return Programs(p.ops[nodes], p.args[nodes], p.values[nodes], offsets)

    def expression(self, place: int, columns: Sequence[int]) -> Expression:
        """A skeleton over columns of a table: its first input is the first of them.

        >>> x, y = Expression.variable(0), Expression.variable(1)
        >>> str(Bank.of([x / y], [1], np.ones((1, 2)), "none").expression(0, (2, 0)))
        'x2/x0'
        """
        return self.programs.expression(place).remap_features(dict(enumerate(columns)))

    def cosines(self, embedding: AnyArray, places: AnyArray) -> FloatArray:
        """(m,) cosines of an embedding (D,) with those of the skeletons at (m,) places."""
        size = float(np.linalg.norm(embedding)) or 1.0
        cosines: FloatArray = self.embeddings[places] @ (np.asarray(embedding, np.float32) / np.float32(size))
        return cosines.astype(np.float64)

    def check(self, weights: str) -> None:
        """WeightsError where the embeddings were made with other weights than those of that digest."""
        if self.weights != weights:
            raise WeightsError(
                f"the bank of skeletons was made with the weights {self.weights[:12]}, those in use are "
                f"{weights[:12]}; take the bank.npz that `eqdisc pretrain` wrote beside its weights at its "
                "end; a training that was killed is ended by --resume"
            )

    def misplaced(self, dimensions: int, seed: int = 0) -> "Bank":
        """The same skeletons at places that mean nothing, for a network that learned nothing."""
        random = np.random.default_rng(seed)
        places = random.standard_normal((len(self), dimensions))
        return Bank(self.programs, self.counts, _unit(places), "random")


def digest_of(path: Path) -> str:
    """Digest of a file of weights; WeightsError where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"the weights {path} cannot be read: {error.strerror or error}") from error


def stamp(path: Path) -> Stamp:
    """What tells whether a file is still the one that was read; OSError where there is none.

    The time of change alone does not: it may be coarse, or kept by a copy.
    """
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def body(law: Expression) -> Expression:
    """The law without slope and intercept of the whole.

    >>> x = Expression.variable(0)
    >>> str(body(2.0 - 3.0 * (x * x)))
    'x0*x0'
    """
    while law.arity_root:
        others = [child for child in law.children if child.root != CONSTANT]
        name = OPERATORS[law.root - 2].name
        affine = name in ("add", "sub", "mul") or (name == "div" and law.children[1].root == CONSTANT)
        if not (name == "neg" or (affine and len(others) < 2)) or not others:
            return law
        law = others[0]
    return law


def renumbered(law: Expression) -> Expression:
    """The law over inputs 0, 1, ... in the order in which they first occur.

    >>> str(renumbered(Expression.variable(7) / Expression.variable(2)))
    'x0/x1'
    """
    met = [int(v) for code, v in zip(law.codes, law.payload, strict=True) if code == VARIABLE]
    return law.remap_features({feature: j for j, feature in enumerate(dict.fromkeys(met))})


def forget_banks() -> None:
    """Read files anew when they are asked for next."""
    _read.cache_clear()


@lru_cache(maxsize=4)
def _read(path: Path, known: Stamp) -> Bank:
    try:
        file = named_arrays(path.read_bytes())
        header = json.loads(file["header"].tobytes())
        version = int(header["format"])
        bank = _of_file(file, header) if version == FORMAT else None
    except _UNREADABLE as error:
        raise WeightsError(
            f"{path} is no bank of skeletons, or a damaged one ({error}); install eqdisc again"
        ) from error
    if bank is None:
        raise WeightsError(
            f"the bank of skeletons {path} has format {version}, this version of eqdisc reads {FORMAT}; "
            "`eqdisc pretrain` writes one beside its weights"
        )
    return bank


def _of_file(file: Mapping[str, AnyArray], header: dict[str, object]) -> Bank:
    names = header["operators"]
    if not isinstance(names, list):
        raise ValueError("it names no operators")
    tokens, sizes = file["tokens"].astype(np.int64), file["sizes"].astype(np.int64)
    codes = np.array([CONSTANT, *[VARIABLE] * INPUTS, *(code_of(name) for name in names)], np.int32)
    ops = codes[tokens]
    args = np.where(ops == VARIABLE, tokens - _FIRST_INPUT, 0).astype(np.int32)
    values = np.where(np.isin(ops, (CONSTANT, VARIABLE)), 1.0, 0.0)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if not _whole(ops, sizes):
        raise ValueError("a skeleton is no formula")
    embeddings, counts = file["embeddings"], file["counts"].astype(np.int64)
    if counts.size and counts.min() < 1:
        raise ValueError("a skeleton that was never met")
    if embeddings.ndim != 2 or not len(embeddings) == len(counts) == len(sizes):
        raise ValueError(f"{len(sizes)} skeletons, {len(counts)} counts, embeddings {embeddings.shape}")
    return Bank(Programs(ops, args, values, offsets), counts, _unit(embeddings), str(header["weights"]))


def _whole(ops: AnyArray, sizes: IntArray) -> bool:
    """Whether so many nodes each are one complete formula."""
    if sizes.size == 0 or sizes.min() < 1 or int(np.sum(sizes)) != ops.size:
        return False
    growth = np.cumsum(1 - ARITY[ops].astype(np.int64))
    ends = np.cumsum(sizes) - 1
    return bool(np.all(growth[ends] == np.arange(1, sizes.size + 1)))


def _tokens(programs: Programs) -> AnyArray:
    ops = programs.ops.astype(np.int64)
    tokens = np.where(ops == VARIABLE, _FIRST_INPUT + programs.args, ops - 2 + _FIRST_OPERATOR)
    return np.where(ops == CONSTANT, _HOLE, tokens).astype(np.uint8)


def _unit(vectors: AnyArray) -> AnyArray:
    vectors = np.asarray(vectors, np.float32)
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(sizes > 0.0, sizes, np.float32(1.0))
