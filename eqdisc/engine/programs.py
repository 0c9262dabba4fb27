"""Programs: many expressions packed in flat arrays, the hot form of a population; data laid out in blocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.opcodes import VARIABLE
from eqdisc.expr.expression import Expression

#: Samples a row of the buffer holds: 4 KiB.
BLOCK_BYTES = 4096
#: Kernels work on groups of 64 samples, without a tail.
GROUP = 64


def aligned(shape: tuple[int, ...], dtype: Any) -> AnyArray:
    """Zeros on a 4 KiB boundary: misaligned 64-byte vectors cost a factor of 1.7."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + BLOCK_BYTES, np.uint8)
    offset = (-raw.ctypes.data) % BLOCK_BYTES
    view: AnyArray = raw[offset : offset + size].view(dtype).reshape(shape)
    return view


@dataclass(frozen=True)
class Blocks:
    """A table in the layout of the kernels: `features[block, feature, sample]`, rows beyond the end repeated.

    `target` is centred (its weighted mean is `center`) unless asked otherwise; `weights` have mean one,
    `weighted` says whether they differ.
    """

    features: AnyArray
    target: AnyArray
    weights: AnyArray
    n_rows: int
    center: float
    variance: float
    weighted: bool

    @classmethod
    def of(
        cls,
        features: FloatArray,
        target: FloatArray | None = None,
        weights: FloatArray | None = None,
        dtype: Any = np.float64,
        block: int | None = None,
        centered: bool = True,
    ) -> "Blocks":
        """Lay out (n, k) features and an optional (n,) target; `block` samples a block, 4 KiB unless told.

        NaN in the features is passed on to the values computed from them.

        >>> Blocks.of(np.zeros((100, 2)), np.arange(100.0)).features.shape
        (1, 2, 128)
        """
        n_rows, n_features = features.shape
        rounded = -(-max(n_rows, 1) // GROUP) * GROUP
        size = min(rounded, block or BLOCK_BYTES // np.dtype(dtype).itemsize)
        n_blocks = -(-rounded // size)
        rows = np.minimum(np.arange(n_blocks * size), n_rows - 1)
        laid = aligned((n_blocks, n_features, size), dtype)
        for j in range(n_features):
            laid[:, j, :] = features[rows, j].reshape(n_blocks, size)
        y = np.zeros(n_rows) if target is None else np.asarray(target, float)
        w = np.ones(n_rows) if weights is None else np.asarray(weights, float) / np.mean(weights)
        center = float(np.average(y, weights=w)) if centered else 0.0
        laid_target, laid_weights = aligned((n_blocks, size), dtype), aligned((n_blocks, size), dtype)
        laid_target[:] = (y - center)[rows].reshape(n_blocks, size)
        laid_weights[:] = w[rows].reshape(n_blocks, size)
        variance = float(np.sum(w * (y - center) ** 2))
        return cls(laid, laid_target, laid_weights, n_rows, center, variance, bool(np.ptp(w) > 0))

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.features.shape[1])

    @property
    def size(self) -> int:
        """Samples a block holds."""
        return int(self.features.shape[2])


@dataclass(frozen=True)
class Programs:
    """Trees in postfix order, one after the other: node codes, feature indices, constants, offsets.

    The value of a variable node is its weight, 1 for trees made from expressions. A program may leave several
    values: pack a tuple of expressions to get one program with several roots.
    """

    ops: Int32Array
    args: Int32Array
    values: FloatArray
    offsets: IntArray
    roots: int = 1

    @classmethod
    def pack(cls, expressions: Iterable[Expression | Sequence[Expression]]) -> "Programs":
        """Pack expressions, or equally long groups of them (several roots), into programs.

        >>> Programs.pack([Expression.variable(0)]).offsets.tolist()
        [0, 1]
        """
        groups = [(e,) if isinstance(e, Expression) else tuple(e) for e in expressions]
        roots = {len(group) for group in groups} or {1}
        if len(roots) > 1:
            raise ValueError(f"all programs need the same number of roots, got {sorted(roots)}")
        codes = np.array([c for group in groups for e in group for c in e.codes], np.int32)
        payload = np.array([p for group in groups for e in group for p in e.payload], float)
        is_variable = codes == VARIABLE
        args = np.where(is_variable, payload, 0).astype(np.int32)
        offsets = np.cumsum([0, *(sum(len(e.codes) for e in group) for group in groups)])
        return cls(codes, args, np.where(is_variable, 1.0, payload), offsets.astype(np.int64), roots.pop())

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def expression(self, index: int) -> Expression:
        """The expression of a one-root program; weights of variables become factors."""
        return unpack(
            self.ops, self.args, self.values, int(self.offsets[index]), int(self.offsets[index + 1])
        )


def unpack(ops: Int32Array, args: Int32Array, values: FloatArray, start: int, stop: int) -> Expression:
    """The expression of one packed tree."""
    from eqdisc.expr.operators import CONSTANT, MUL

    codes: list[int] = []
    payload: list[float] = []
    for op, arg, value in zip(
        ops[start:stop].tolist(), args[start:stop].tolist(), values[start:stop].tolist(), strict=True
    ):
        if op == VARIABLE:
            weighted = value != 1.0
            codes += [CONSTANT, VARIABLE, MUL] if weighted else [VARIABLE]
            payload += [value, float(arg), 0.0] if weighted else [float(arg)]
        else:
            codes.append(op)
            payload.append(value if op == CONSTANT else 0.0)
    return Expression(tuple(codes), tuple(payload))
