"""Laws that a model must not have seen: hashes of their skeletons and of their values."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eqdisc._typing import AnyArray, BoolArray
from eqdisc.engine.programs import Programs
from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.arrays import named_arrays
from eqdisc.proposers.snip.fingerprint import FILLED, contained, packed, skeleton_hashes, value_hashes
from eqdisc.proposers.snip.skeleton import Node, plain, skeleton_of

FORMAT = "eqdisc excluded laws 1"
#: Laws of at most so many nodes, those of slope and intercept not counted, are everybody's, and never held.
SMALL = 5


def is_small(law: Expression) -> bool:
    """Whether a law is one of those that are never held, as x*y and 3*x/y + 1 are.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> is_small(3.0 * x / y + 1.0), is_small(x / (y + x * x))
    (True, False)
    """
    node = skeleton_of(law)
    return node is not None and small_skeleton(node)


def small_skeleton(node: Node) -> bool:
    """The same for a skeleton in normal form."""
    # A search fits slope and intercept anyway: who knows x*y**2 knows 0.5*x*y**2, which has more nodes.
    return len(plain(node).codes) <= SMALL


def hashes_of(nodes: Sequence[Node]) -> tuple[AnyArray, AnyArray]:
    """Two hashes (n,) of each skeleton: of its tree without slope and intercept, and of its values."""
    bare, values = plain_hashes(nodes), value_hashes(packed([_tree(node) for node in nodes]), FILLED)
    return bare, values


def plain_hashes(nodes: Sequence[Node]) -> AnyArray:
    """(n,) hash of each skeleton without slope and intercept, however the inputs are numbered.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> nodes = [skeleton_of(law) for law in (x / (y + 2.0), 1.0 - 3.0 * y / (x + 1.0), x / (y * 2.0))]
    >>> one, same, other = plain_hashes(nodes)
    >>> bool(one == same), bool(one == other)
    (True, False)
    """
    return skeleton_hashes(packed([_tree(plain(node)) for node in nodes]))


def _tree(node: Node) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return node.codes, tuple(map(float, node.features))


@dataclass(frozen=True)
class Excluded:
    """Hashes, sorted and once each, of laws that are to be left out.

    skeletons : of skeletons in normal form without slope and intercept, however the inputs are numbered
    values    : of the values up to slope and intercept, with the laws' own constants and with one number in
                every hole

    >>> x, y, z = map(Expression.variable, range(3))
    >>> excluded = Excluded.of([3.0 * x / (y + z * z)])
    >>> excluded.holds([z / (x * x + y) - 7.0, x / (y + z), x / y]).tolist()
    [True, False, False]
    """

    skeletons: AnyArray
    values: AnyArray

    def __post_init__(self) -> None:
        for name in ("skeletons", "values"):
            kept = np.unique(np.asarray(getattr(self, name), np.uint64))
            kept = kept[kept != 0]
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)

    def __len__(self) -> int:
        return len(self.skeletons)

    @property
    def digest(self) -> str:
        """Tells other hashes apart, wherever their file lies."""
        parts = (np.array([len(self.skeletons)], np.uint64), self.skeletons, self.values)
        return hashlib.sha256(b"".join(part.astype("<u8").tobytes() for part in parts)).hexdigest()

    @staticmethod
    def of(expressions: Iterable[Expression]) -> "Excluded":
        """The hashes of these laws, whatever their size; constants alone have none."""
        laws = [law for law in expressions if law.features]
        nodes = [node for law in laws if (node := skeleton_of(law)) is not None]
        skeletons, filled = hashes_of(nodes)
        return Excluded(skeletons, np.concatenate([filled, value_hashes(Programs.pack(laws))]))

    def holds(self, expressions: Iterable[Expression]) -> BoolArray:
        """(n,) which laws are among the excluded ones, by skeleton or by values; small laws never are."""
        laws = list(expressions)
        held = contained(value_hashes(Programs.pack(laws)), self.values)
        nodes = [(place, node) for place, law in enumerate(laws) if (node := skeleton_of(law)) is not None]
        places = np.array([place for place, _ in nodes], np.int64)
        held[places] |= self.holds_skeletons([node for _, node in nodes])
        held[places] &= ~np.array([small_skeleton(node) for _, node in nodes], np.bool_)
        return held

    def holds_skeletons(self, nodes: Sequence[Node]) -> BoolArray:
        """(n,) the same for skeletons in normal form."""
        return self.holds_hashes(*hashes_of(nodes)) & ~np.array([*map(small_skeleton, nodes)], np.bool_)

    def holds_hashes(self, skeletons: AnyArray, filled: AnyArray) -> BoolArray:
        """(n,) the same for what `hashes_of` gives, small ones too."""
        return contained(skeletons, self.skeletons) | contained(filled, self.values)

    # ------------------------------------------------------------ files

    def write(self, path: str | Path) -> None:
        """Write the hashes as .npz, whole or not at all; DataError where that cannot be done."""
        from eqdisc.atomic import write_bytes

        stream = io.BytesIO()
        np.savez_compressed(stream, format=np.array(FORMAT), skeletons=self.skeletons, values=self.values)
        write_bytes(Path(path), stream.getvalue())

    @staticmethod
    def read(path: str | Path) -> "Excluded":
        """What `write` wrote; DataError for anything else."""
        path = Path(path)
        if not path.is_file():
            raise DataError(
                f"there is no file {path}; `eqdisc bench fingerprints --out {path.name}` makes one"
            )
        try:
            found = named_arrays(path.read_bytes())
            kind = str(found["format"])
            skeletons, values = found["skeletons"], found["values"]
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{path} is no file of excluded laws, or is cut short: {error}") from error
        if kind != FORMAT or skeletons.dtype != np.uint64 or values.dtype != np.uint64:
            raise DataError(f"{path} holds {kind!r}; this version reads {FORMAT!r}")
        return Excluded(skeletons, values)
