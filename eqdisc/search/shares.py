"""Who works next: effort shared among strategies by what each has contributed, in node evaluations.

A strategy is asked for a turn at a time, and turns cost very different amounts of work. Every turn paid is
owed to all strategies in proportion to their shares, and the one that is owed most is asked next, as in a
weighted fair queue (Demers, Keshav and Shenker 1989): over time each gets its share of the work, whatever its
turns cost. Shares follow merit, what a strategy has lately added to the front for the work it was given, with
a floor under them (probability matching; Thierens 2005). Nothing looks at the clock, so that a run repeats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqdisc._typing import FloatArray

FLOOR = 0.1  # share of a strategy that has not shown itself useless; no more than half of an equal share
GRACE = 2.0  # rounds of work without contributing anything after which a strategy fades
HALF_LIFE = 4.0  # rounds of work, by whomever, after which a contribution counts half
HOPE = 0.02  # contributed before anything is known, and what keeps the merit of the unlucky above zero
CHEAPEST = 1.0 / 16.0  # of a round; what a turn counts for at least: there is more to it than its evaluations
# Of a round, and at least one turn: the search ends with the last whole epoch before its time limit. Where it
# was a round, searches of ten seconds ended after six where a dear turn had made it long.
EPOCH = 0.25
LARGEST_ROUND = 4e9  # node evaluations: a few seconds
UNFORESEEN = 0.5  # of a round: a turn that costs so much more than it was planned with spoils the plan


@dataclass(frozen=True)
class Account:
    """What the engine knows of a strategy's turns; work in node evaluations.

    last  : cost of its last turn; None before the first
    owed  : what it has been promised and not been given yet; below zero where it has had more
    gain  : what it has lately added to the front, see `gain`; older contributions count less
    spent : what it has lately been given, likewise
    idle  : what it has been given since it last contributed anything
    """

    last: float | None = None
    owed: float = 0.0
    gain: float = 0.0
    spent: float = 0.0
    idle: float = 0.0


class Shares:
    """The accounts of all strategies, by place in the line-up; says whose turns the next epoch consists of.

    First everybody has one turn, in the order of the line-up. A round is as much work as the most expensive
    of the last turns (at most `LARGEST_ROUND`), and an epoch a quarter of one: one turn of an expensive
    strategy or several of a cheap one, so that epochs are alike; less where a turn was not what it was
    planned as.

    >>> shares = Shares([Account(), Account()])
    >>> shares.plan()
    (0, 1)
    >>> shares.charge(0, work=100, gain=0.5), shares.charge(1, work=1000, gain=0.0)
    (True, True)
    >>> shares.plan()                                    # the first has earned more, and had less
    (0, 0, 0)
    """

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = list(accounts)
        self._at_work = list(range(len(accounts)))

    @property
    def accounts(self) -> tuple[Account, ...]:
        """As they stand, in the order of the line-up."""
        return tuple(self._accounts)

    def retire(self, place: int) -> None:
        """Leave a strategy out from now on."""
        self._at_work = [other for other in self._at_work if other != place]

    def charge(self, place: int, work: float, gain: float) -> bool:
        """A turn is over: what it cost and what it added to the front, from 0 to 1.

        Whether the turn was about as planned or cheaper. Where it was not, the rest of the epoch is better
        planned anew: a strategy that begins with cheap turns would have as many dear ones.
        """
        size, last = self._round(), self._accounts[place].last
        cost = max(work, CHEAPEST * size, 1.0)
        as_planned = last is None or cost <= max(last, CHEAPEST * size) + UNFORESEEN * size
        shares = self.shares()
        self._accounts[place] = replace(self._accounts[place], last=cost)
        fading = 0.5 ** (cost / (HALF_LIFE * max(cost, self._round())))
        for other, account in enumerate(self._accounts):
            self._accounts[other] = replace(
                account,
                owed=account.owed + shares.get(other, 0.0) * cost,
                gain=fading * account.gain,
                spent=fading * account.spent,
            )
        mine = self._accounts[place]
        self._accounts[place] = replace(
            mine,
            owed=mine.owed - cost,
            gain=mine.gain + gain,
            spent=mine.spent + cost,
            idle=0.0 if gain > 0.0 else mine.idle + cost,
        )
        return as_planned

    def shares(self) -> Mapping[int, float]:
        """The share of each strategy at work, by place; they add up to 1.

        A strategy has at least the floor until it has worked for `GRACE` rounds without adding anything; from
        then on its floor and its merit fall with the square of that work. None is ever cut off.
        """
        size = self._round()
        known = {place: self._accounts[place] for place in self._at_work}
        trust = {place: min(1.0, GRACE * size / max(a.idle, size)) ** 2 for place, a in known.items()}
        floor = min(FLOOR, 0.5 / max(1, len(known)))
        merits = {place: (a.gain + HOPE) * trust[place] / (a.spent + size) for place, a in known.items()}
        rest = (1.0 - floor * sum(trust.values())) / sum(merits.values()) if merits else 0.0
        return {place: floor * trust[place] + rest * merits[place] for place in known}

    def plan(self) -> tuple[int, ...]:
        """Whose turns the next epoch consists of, in order, every turn costing what that one's last did."""
        fresh = tuple(place for place in self._at_work if self._accounts[place].last is None)
        if fresh or not self._at_work:
            return fresh
        size, shares = self._round(), self.shares()
        epoch = EPOCH * size
        owed = {place: self._accounts[place].owed for place in self._at_work}
        turns: list[int] = []
        spent = 0.0
        while spent < epoch:
            place = max(self._at_work, key=lambda place: (owed[place], -place))
            cost = max(self._last(place), CHEAPEST * size)
            for other, share in shares.items():
                owed[other] += share * cost
            owed[place] -= cost
            spent += cost
            turns.append(place)
        return tuple(turns)

    def _round(self) -> float:
        return max(1.0, min(LARGEST_ROUND, max((self._last(p) for p in self._at_work), default=0.0)))

    def _last(self, place: int) -> float:
        return self._accounts[place].last or 0.0


def gain(before: FloatArray, after: FloatArray, least: float) -> float:
    """What a turn added to the front: the relative fall of its loss, averaged over all complexities, 0 to 1.

    before, after : (c,) smallest loss up to each complexity; falls smaller than `least` do not count

    The hypervolume that a front gains (Zitzler and Thiele 1998), with losses compared by their ratio: a short
    precise law counts at all complexities above it, a long one only at few.

    >>> round(gain(np.array([4.0, 4.0, 4.0, 0.0]), np.array([4.0, 2.0, 1.0, 0.0]), least=0.01), 4)
    0.3125
    """
    fall = 1.0 - np.divide(after, before, out=np.ones_like(after), where=before > 0.0)
    return float(np.mean(np.where(fall >= least, fall, 0.0)))
