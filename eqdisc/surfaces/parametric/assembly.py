"""From laws for each output to laws of the whole: a front, parts that outputs share counted once."""

from collections.abc import Sequence

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.scoring.complexity import complexity
from eqdisc.surfaces.law import SurfaceFront, SurfaceLaw
from eqdisc.surfaces.parametric.table import Choice, Table

CLEARLY = 0.95  # times the residual: a longer law has to do so much better


def shared_complexity(expressions: Sequence[Expression]) -> int:
    """Nodes of all expressions together; a part that occurred before counts one, as a name would.

    >>> from eqdisc.expr.parse import parse
    >>> laws = [parse(text, ["u", "v"]) for text in ("(2 + cos(v))*cos(u)", "(2 + cos(v))*sin(u)")]
    >>> shared_complexity(laws[:1]), shared_complexity(laws)
    (7, 11)
    """
    seen: set[Expression] = set()

    def count(expression: Expression) -> int:
        if expression.size == 1:
            return complexity(expression)
        if expression in seen:
            return 1
        total = 1 + sum(count(child) for child in expression.children)
        seen.add(expression)
        return total

    return sum(count(expression) for expression in expressions)


def front_of(
    table: Table, choices: Sequence[Sequence[Choice]], notes: Sequence[str], warnings: Sequence[str]
) -> SurfaceFront:
    """The front of joint laws.

    choices : for each output its laws, the best last

    From the simplest law of every output one output at a time takes its next better one, the output first
    that gains most for each node.
    """
    ladders = [_ladder(own) for own in choices]
    places = [0] * len(ladders)
    laws = [_law(table, ladders, places)]
    while any(place + 1 < len(ladder) for place, ladder in zip(places, ladders, strict=True)):
        steps = [
            [place + (j == i) for j, place in enumerate(places)]
            for i in range(len(ladders))
            if places[i] + 1 < len(ladders[i])
        ]
        trials = [(_law(table, ladders, step), step) for step in steps]
        now = laws[-1]
        law, places = max(trials, key=lambda trial: _worth(now, trial[0]))
        laws.append(law)
    best = laws[-1]
    kept = [law for law in laws if not any(_beats(other, law) for other in (*laws, best)) or law is best]
    kept = list({law.complexity: law for law in sorted(kept, key=lambda law: -law.distance)}.values())
    if best not in kept:
        kept.append(best)
    kept.sort(key=lambda law: law.complexity)
    return SurfaceFront(tuple(kept), kept.index(best), tuple(notes), tuple(warnings))


def _ladder(choices: Sequence[Choice]) -> list[Choice]:
    """Laws of one output, each larger and better than the one before; the last is the chosen one."""
    best = choices[-1]
    found: list[Choice] = []
    for choice in sorted(choices[:-1], key=lambda choice: choice.expression.size):
        between = choice.expression.size < best.expression.size and choice.rms > best.rms
        if between and (not found or choice.rms < CLEARLY * found[-1].rms):
            found.append(choice)
    return [*found, best]


def _law(table: Table, ladders: Sequence[Sequence[Choice]], places: Sequence[int]) -> SurfaceLaw:
    chosen = [ladder[place] for ladder, place in zip(ladders, places, strict=True)]
    expressions = tuple(choice.expression for choice in chosen)
    diagonal = float(np.linalg.norm(np.ptp(table.data.targets, axis=0))) or 1.0
    origins = dict.fromkeys(choice.origin for choice in chosen if choice.origin != "constant")
    return SurfaceLaw(
        form="parametric",
        expressions=expressions,
        variables=table.data.feature_names,
        targets=table.data.target_names,
        distance=float(np.sqrt(sum(choice.rms**2 for choice in chosen))) / diagonal,
        complexity=shared_complexity(expressions),
        exact=all(choice.exact for choice in chosen),
        origin=", ".join(origins) or "constant",
    )


def _worth(now: SurfaceLaw, then: SurfaceLaw) -> float:
    return (now.distance - then.distance) / max(1, then.complexity - now.complexity)


def _beats(law: SurfaceLaw, other: SurfaceLaw) -> bool:
    at_least = law.complexity <= other.complexity and law.distance <= other.distance
    return at_least and (law.complexity, law.distance) != (other.complexity, other.distance)
