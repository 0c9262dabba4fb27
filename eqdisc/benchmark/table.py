"""Figures of a benchmark: how often laws were found, how near the answers came, how long it took."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from eqdisc.benchmark.record import Record, Status
from eqdisc.errors import OptionError
from eqdisc.expr.operators import nearest

#: What records can be grouped by. `set` is the suite, as SRSD calls its suites.
KEYS: Mapping[str, Callable[[Record], str]] = {
    "method": lambda record: record.method,
    "set": lambda record: record.suite,
    "suite": lambda record: record.suite,
    "task": lambda record: record.task,
    "status": lambda record: record.status.value,
    "time": lambda record: f"{record.limits.get('seconds', float('nan')):g}",
    "repetition": lambda record: str(record.repetition),
    "form": lambda record: record.form,
    "category": lambda record: record.category or "none",
}
ALL = "all"
CONFIDENCE = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution


@dataclass(frozen=True)
class Rate:
    """A share of tasks: the mean over tasks of the share of their runs, with its 95 % Wilson interval.

    The interval counts tasks, not runs, because runs on one task are no independent trials.
    """

    value: float
    low: float
    high: float
    tasks: int

    def record(self) -> dict[str, Any]:
        """As plain values."""
        return {"rate": self.value, "low": self.low, "high": self.high, "tasks": self.tasks}


@dataclass(frozen=True)
class Summary:
    """The figures of one group of runs; None where nothing in the group has them.

    group            : what the runs have in common, by key
    runs, tasks      : how many
    failed           : runs that ended by anything but an answer; undecided : which the judge could not decide
    solved           : share of laws found, of all tasks with a known truth
    solved_decidable : the same of the tasks whose data can show the truth
    ned, ned_canonical : mean edit distance, SRSD's and ours; 1 without an answer; not of surfaces
    srbench, fastsrb : share of laws found by the rules of those benchmarks
    accurate         : share of runs with R2 > 0.999 on the test rows
    seconds          : median wall-clock time of the search; cpu_seconds : of all its threads
    complexity       : median nodes of the answers
    dummies          : share of the answers that use an irrelevant input, where tasks have such
    """

    group: Mapping[str, str]
    runs: int
    tasks: int
    failed: int
    undecided: int
    solved: Rate | None
    solved_decidable: Rate | None
    srbench: Rate | None
    fastsrb: Rate | None
    ned: float | None
    ned_canonical: float | None
    accurate: Rate | None
    seconds: float | None
    cpu_seconds: float | None
    complexity: float | None
    dummies: float | None

    def record(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        facts = {name: value for name, value in vars(self).items() if name != "group"}
        return {
            **self.group,
            **{name: value.record() if isinstance(value, Rate) else value for name, value in facts.items()},
        }


def summarize(records: Iterable[Record], by: Sequence[str] = ("method", "set")) -> list[Summary]:
    """One summary for each group of records, and where a method has several groups, one of all of them.

    by : what to group by, of `method`, `set` (or `suite`), `task`, `time` (the budget), `status`,
         `repetition`, and of surfaces `form` and `category`
    OptionError for another word.

    >>> runs = [Record("classic", f"t{n}", "gp", 0, 1, "p", score={"solved": n < 3}) for n in range(4)]
    >>> (row,) = summarize(runs)
    >>> row.group, row.solved.value
    ({'method': 'gp', 'set': 'classic'}, 0.75)
    """
    keys = _checked(by)
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        found.setdefault(tuple(KEYS[key](record) for key in keys), []).append(record)
    summaries = []
    for first in dict.fromkeys(group[0] for group in found):
        members = [group for group in found if group[0] == first]
        summaries += [_summary(dict(zip(keys, group, strict=True)), found[group]) for group in members]
        if len(members) > 1 and len(keys) > 1 and keys[0] == "method":
            everything = [record for group in members for record in found[group]]
            total = dict.fromkeys(keys, ALL) | {keys[0]: first}
            summaries.append(_summary(total, everything))
    return summaries


def wilson(share: float, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22, 1927); (0, 1) for no trials.

    >>> low, high = wilson(0.5, 10)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    if trials == 0:
        return 0.0, 1.0
    z2 = CONFIDENCE**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = CONFIDENCE / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    # At the ends rounding must not push the interval off the share itself.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def notes_of(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    """The known defects of the tasks, by task, for those that have some."""
    return {record.task: record.notes for record in records if record.notes}


def versions_of(records: Iterable[Record]) -> dict[str, str]:
    """The versions of all packages that took part; several of one package are joined by a stroke."""
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for name, version in record.versions.items():
            found.setdefault(name, {})[version] = None
    return {name: "/".join(several) for name, several in found.items()}


def recovery_curve(records: Sequence[Record]) -> list[tuple[float, float]]:
    """How the share of laws found grows with the seconds a search may take: (seconds, share), increasing.

    Runs count by their tasks, as in `Summary.solved`; one that was not solved never arrives.
    """
    judged = [record for record in records if record.truth is not None or record.solved is not None]
    runs_of: dict[tuple[str, str], int] = {}
    for record in judged:
        runs_of[record.suite, record.task] = runs_of.get((record.suite, record.task), 0) + 1
    arrivals = sorted(
        (record.wall_seconds, 1.0 / runs_of[record.suite, record.task] / len(runs_of))
        for record in judged
        if record.solved is True and record.wall_seconds is not None
    )
    curve: list[tuple[float, float]] = []
    share = 0.0
    for seconds, weight in arrivals:
        share += weight
        curve.append((seconds, min(1.0, share)))
    return curve


def _summary(group: Mapping[str, str], records: Sequence[Record]) -> Summary:
    judged = [record for record in records if record.truth is not None or record.solved is not None]
    answered = [record for record in records if record.answer is not None]
    return Summary(
        group=group,
        runs=len(records),
        tasks=len({(record.suite, record.task) for record in records}),
        failed=sum(record.status is not Status.OK for record in records),
        undecided=sum(record.status is Status.OK and record.solved is None for record in judged),
        solved=rate_of(judged, lambda record: record.solved is True),
        solved_decidable=rate_of(
            [record for record in judged if record.decidable], lambda record: record.solved is True
        ),
        srbench=_peer_rate(judged, "srbench"),
        fastsrb=_peer_rate(judged, "fastsrb"),
        ned=_mean(_distance(record, "ned") for record in judged if not record.category),
        ned_canonical=_mean(_distance(record, "ned_canonical") for record in judged if not record.category),
        accurate=rate_of(records, lambda record: record.score.get("accurate") is True),
        seconds=_median(record.wall_seconds for record in records),
        cpu_seconds=_median(record.cpu_seconds for record in records),
        complexity=_median(record.score.get("complexity") for record in answered),
        dummies=_mean(
            float(bool(record.score["dummies"])) for record in answered if "dummies" in record.score
        ),
    )


def rate_of(records: Sequence[Record], good: Callable[[Record], bool]) -> Rate | None:
    """The share of good records, task by task; None where there is no record."""
    shares: dict[tuple[str, str], list[float]] = {}
    for record in records:
        shares.setdefault((record.suite, record.task), []).append(float(good(record)))
    if not shares:
        return None
    value = fmean(fmean(share) for share in shares.values())
    return Rate(value, *wilson(value, len(shares)), len(shares))


def _peer_rate(records: Sequence[Record], rule: str) -> Rate | None:
    """The rate by another benchmark's rule, of the sets that it was applied to."""
    sets = {record.suite for record in records if rule in record.score}
    ruled = [record for record in records if record.suite in sets]
    return rate_of(ruled, lambda record: record.score.get(rule) is True)


def _distance(record: Record, name: str) -> float:
    distance = record.score.get(name)
    return 1.0 if distance is None else float(distance)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return float(median(found)) if found else None


def _checked(by: Sequence[str]) -> tuple[str, ...]:
    for word in by:
        if word not in KEYS:
            raise OptionError(
                f"results cannot be grouped by {word!r}{nearest(word, KEYS)}; they can by {', '.join(KEYS)}"
            )
    if not by or len(set(by)) < len(by):
        raise OptionError(f"results are to be grouped by {', '.join(by) or 'nothing'}; name different keys")
    return tuple(by)
