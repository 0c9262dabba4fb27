"""What a search for a surface leaves: its laws, and everything told about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.search.engine import StopReason
from eqdisc.surfaces.law import SurfaceFront, SurfaceLaw

#: What was asked: F = 0, outputs over given parameters, or whichever of the two fits.
Question = Literal["implicit", "parametric", "surface"]
QUESTIONS: tuple[Question, ...] = ("implicit", "parametric", "surface")
OUT_OF_TIME = 0.9  # share of the time limit after which a search is taken to have ended by it


@dataclass(frozen=True)
class SurfaceResult:
    """What was found of a surface.

    best, reason : the law to report, and in words why this one
    laws         : the laws that no other beats in both complexity and distance, simplest first
    question     : what was asked: "implicit", "parametric" or "surface", whichever form fits
    stopped      : why the search ended; `stopped.value` is a sentence
    seed         : of the search; seconds: that it took
    names        : of the columns: the coordinates of points, or parameters and then outputs
    ranges       : smallest and largest value of each of them
    n_rows       : rows of the table
    warnings     : what the reader should know before trusting the law
    notes        : what was noticed of the table
    settings     : what the search was told, as plain data
    data         : the table; None where it is not at hand
    """

    best: SurfaceLaw
    reason: str
    laws: tuple[SurfaceLaw, ...]
    question: Question
    stopped: StopReason
    seed: int
    seconds: float
    names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    n_rows: int
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: Cloud | JointDataset | None = field(default=None, compare=False, repr=False)

    @property
    def form(self) -> str:
        """The form of the best law."""
        return self.best.form

    @property
    def cloud(self) -> Cloud | None:
        """The points of the surface, of outputs where these were given; None where they are not at hand."""
        if isinstance(self.data, JointDataset):
            return Cloud(self.data.targets, self.data.target_names)
        return self.data

    @property
    def symbols(self) -> dict[str, str]:
        """Column -> its symbol in the texts of the laws, where the name could not be a symbol itself."""
        # Two names may take the same symbol where they do not meet in one law: then that of the best counts.
        return {name: symbol for law in (*self.laws, self.best) for name, symbol in law.symbols.items()}

    def ranges_of(self, law: SurfaceLaw) -> tuple[tuple[float, float], ...]:
        """Lowest and highest value of each variable of a law: its own ranges, or those of the columns."""
        return law.ranges or tuple(self.ranges[self.names.index(name)] for name in law.variables)

    def record(self) -> dict[str, Any]:
        """Everything as plain data, ready for JSON."""
        return {
            "question": self.question,
            "names": list(self.names),
            "n_rows": self.n_rows,
            "best": self.best.record(),
            "front": [law.record() for law in self.laws],
            "reason": self.reason,
            "stopped": self.stopped.name.lower(),
            "seed": self.seed,
            "seconds": self.seconds,
            "symbols": self.symbols,
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def facts_of(
    front: SurfaceFront,
    question: Question,
    data: Cloud | JointDataset,
    settings: Mapping[str, Any],
    seconds: float,
) -> dict[str, Any]:
    """The fields of the result of a search that took so many seconds."""
    best = front.laws[front.best]
    if front.interrupted:
        stopped = StopReason.INTERRUPTED
    elif best.exact:
        stopped = StopReason.EXACT
    elif settings.get("epochs") is not None:
        stopped = StopReason.EPOCHS
    else:
        out_of_time = seconds >= OUT_OF_TIME * float(settings["time_limit"])
        stopped = StopReason.TIME if out_of_time else StopReason.EXHAUSTED
    names, table = columns_of(data)
    return {
        "best": best,
        "reason": reason_of(front, question),
        "laws": front.laws,
        "question": question,
        "stopped": stopped,
        "seed": settings["seed"],
        "seconds": seconds,
        "names": names,
        "ranges": tuple((float(column.min()), float(column.max())) for column in table.T),
        "n_rows": len(table),
        "warnings": front.warnings,
        "notes": front.notes,
        "settings": settings,
        "data": data,
    }


def columns_of(data: Cloud | JointDataset) -> tuple[tuple[str, ...], FloatArray]:
    """Names of all columns of the table, and the table."""
    if isinstance(data, Cloud):
        return data.names, data.points
    return (*data.feature_names, *data.target_names), np.column_stack([data.features, data.targets])


def reason_of(front: SurfaceFront, question: Question) -> str:
    """Why the law chosen is the one to report, and of which form it is where that was not given."""
    best = front.laws[front.best]
    words = []
    if question == "surface":
        words.append(f"the form found is {best.form}: {best.origin}")
    if best.exact:
        words.append("what it leaves is the rounding of the table")
        return "; ".join(words)
    words.append(f"the points lie {best.distance:.2g} of the diagonal of their box from it")
    simpler = [law for law in front.laws[: front.best] if law.distance > best.distance]
    if simpler and best.distance > 0.0:
        words.append(f"the next simpler law is {simpler[-1].distance / best.distance:.2g} times as far")
    longer = front.laws[front.best + 1 :]
    if longer:
        words.append(
            f"longer laws, of up to {longer[-1].complexity} nodes, come to {longer[-1].distance:.2g}"
        )
    return "; ".join(words)
