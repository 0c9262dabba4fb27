"""Figures of surfaces: how often the law was found, how far the answers are, by form, category or suite."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.table import KEYS, Rate, rate_of
from eqdisc.errors import OptionError
from eqdisc.expr.operators import nearest

#: Figures of which medians are told; see `eqdisc.benchmark.surface_judge`.
FIGURES = (
    "distance", "distance_sigma", "chamfer", "hausdorff", "chamfer_scaled", "hausdorff_scaled", "nmse",
    "outside_nmse",
)  # fmt: skip


@dataclass(frozen=True)
class SurfaceSummary:
    """The figures of one group of runs on surfaces.

    group    : what the runs have in common, by key
    runs     : how many; failed : those that ended by anything but an answer, of these
    unasked  : those whose method cannot be asked for such a law: they count as not found
    exact    : share of laws found, of all tasks with a known truth
    medians  : of the figures in `FIGURES` that the group has, over all runs; a run without an answer is
               infinitely far, so that a median may be infinite
    complexity : median nodes of the answers
    seconds  : median wall-clock time of the search
    """

    group: Mapping[str, str]
    runs: int
    failed: int
    unasked: int
    exact: Rate | None
    medians: Mapping[str, float]
    complexity: float | None
    seconds: float | None

    def record(self) -> dict[str, Any]:
        """As plain values, for JSON; an infinite median is None."""
        return {
            **self.group,
            "runs": self.runs,
            "failed": self.failed,
            "unasked": self.unasked,
            "exact": None if self.exact is None else self.exact.record(),
            **{name: value if math.isfinite(value) else None for name, value in self.medians.items()},
            "complexity": self.complexity,
            "seconds": self.seconds,
        }


def summarize_surfaces(
    records: Iterable[Record], by: Sequence[str] = ("method", "form")
) -> list[SurfaceSummary]:
    """One summary for each group of the runs that are on surfaces, in the order of their first runs.

    by : what to group by, as in `eqdisc.benchmark.table.summarize`; OptionError for another word

    >>> runs = [
    ...     Record("surface", f"implicit-{n}", "plane", 0, 1, "p", form="implicit", category="implicit",
    ...            truth="x", score={"exact": n < 1, "distance": n / 10}) for n in range(3)
    ... ]
    >>> (row,) = summarize_surfaces(runs)
    >>> row.group["form"], round(row.exact.value, 2), row.medians
    ('implicit', 0.33, {'distance': 0.1})
    """
    for word in by:
        if word not in KEYS:
            raise OptionError(
                f"results cannot be grouped by {word!r}{nearest(word, KEYS)}; they can by {', '.join(KEYS)}"
            )
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        if record.category:
            found.setdefault(tuple(KEYS[key](record) for key in by), []).append(record)
    return [_summary(dict(zip(by, group, strict=True)), runs) for group, runs in found.items()]


def _summary(group: Mapping[str, str], records: Sequence[Record]) -> SurfaceSummary:
    known = [record for record in records if record.truth is not None]
    unasked = sum(record.status is Status.UNAVAILABLE for record in records)
    return SurfaceSummary(
        group=group,
        runs=len(records),
        failed=sum(record.status is not Status.OK for record in records) - unasked,
        unasked=unasked,
        exact=rate_of(known, lambda record: record.score.get("exact") is True),
        medians={
            name: median(_figure(record, name) for record in records)
            for name in FIGURES
            if any(name in record.score for record in records)
        },
        complexity=_median(record.score.get("complexity") for record in records),
        seconds=_median(record.wall_seconds for record in records),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None


def _figure(record: Record, name: str) -> float:
    value = record.score.get(name)
    return math.inf if value is None else float(value)
