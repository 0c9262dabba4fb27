"""Which columns of a table the inputs of a skeleton may stand for, the likeliest first."""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import combinations, permutations
from math import ceil, exp, log
from random import Random

MOST_COLUMNS = 6  # that take part: of six, five have 720 orders
LARGEST_SET = 6  # columns of one look
ORDERS_OF_A_SET = 24
LEAST_LIKELY = 0.01  # of the likeliest set: a table cut down to others tells nothing of its law
_CLIP = 1e-3  # a chance below is as good as none, and one above its complement as good as sure


def layings(chances: Sequence[float], inputs: int, most: int) -> tuple[tuple[int, ...], ...]:
    """Orders of `inputs` different columns, at most so many, by the chance that all of them matter.

    chances : of each column to matter

    >>> layings((0.1, 0.9, 0.5), 2, 3)
    ((1, 2), (2, 1), (0, 1))
    """
    return _layings(tuple(float(chance) for chance in chances), inputs, most)


@lru_cache(maxsize=256)
def _layings(chances: tuple[float, ...], inputs: int, most: int) -> tuple[tuple[int, ...], ...]:
    if not 0 < inputs <= len(chances):
        return ()
    odds = [_odds(chance) for chance in chances]
    best = sorted(range(len(odds)), key=lambda j: (-odds[j], j))[: max(MOST_COLUMNS, inputs)]
    chosen: list[tuple[int, ...]] = []
    sets = sorted(combinations(sorted(best), inputs), key=lambda s: (-sum(odds[j] for j in s), s))
    for columns in sets:
        for order in permutations(columns):
            if len(chosen) == most:
                return tuple(chosen)
            chosen.append(order)
    return tuple(chosen)


def looks(
    chances: Sequence[float], most: int, sizes: Collection[int] = range(1, LARGEST_SET + 1)
) -> tuple[tuple[int, ...], ...]:
    """Orders of columns, of any number, at most so many, by the chance that these and no others matter.

    Sets with less than a hundredth of the chance of the likeliest are left out; each of the others has orders
    in proportion to its chance, one at least. Of five columns and more they are orders in which every column
    stands in many places.

    sizes : how many columns there may be

    >>> looks((0.9, 0.2, 0.6), 6), looks((0.9, 0.005), 6)
    (((0, 2), (2, 0), (0,), (0, 1, 2), (0, 1), (2,)), ((0,),))
    """
    odds = [_odds(chance) for chance in chances]
    best = sorted(sorted(range(len(odds)), key=lambda j: (-odds[j], j))[:MOST_COLUMNS])
    allowed = [size for size in range(1, LARGEST_SET + 1) if size in sizes]
    sets = [columns for size in allowed for columns in combinations(best, size)]
    together = {columns: sum(odds[j] for j in columns) for columns in sets}
    highest = max(together.values(), default=0.0)
    weights = {columns: exp(value - highest) for columns, value in together.items()}
    likely = sorted((s for s in sets if weights[s] >= LEAST_LIKELY), key=lambda s: (-weights[s], s))
    share = most / max(1.0, sum(weights[s] for s in likely))
    return tuple(
        tuple(columns[place] for place in order)
        for columns in likely
        for order in _orders(len(columns))[: ceil(share * weights[columns])]
    )[:most]


def log_chance(chances: Sequence[float], columns: Sequence[int]) -> float:
    """Logarithm of the chance that these columns matter and no others, if each does for itself.

    >>> from math import exp
    >>> round(exp(log_chance((0.9, 0.2, 0.5), (0, 2))), 9)
    0.36
    """
    clipped = [min(max(chance, _CLIP), 1.0 - _CLIP) for chance in chances]
    return sum(log(chance if j in columns else 1.0 - chance) for j, chance in enumerate(clipped))


@lru_cache(maxsize=LARGEST_SET)
def _orders(count: int) -> tuple[tuple[int, ...], ...]:
    """Orders of so many places, at most `ORDERS_OF_A_SET`: the natural one, then of those left always the one
    whose places are least where they were before; of equal ones the first of a seeded shuffle."""
    orders = list(permutations(range(count)))
    if len(orders) <= ORDERS_OF_A_SET:
        return tuple(orders)
    drawn = Random(count).sample(orders[1:], len(orders) - 1)
    chosen = [orders[0]]
    while len(chosen) < ORDERS_OF_A_SET:
        stood = Counter(pair for order in chosen for pair in enumerate(order))
        chosen.append(
            min((o for o in drawn if o not in chosen), key=lambda o: sum(stood[p] for p in enumerate(o)))
        )
    return tuple(chosen)


def _odds(chance: float) -> float:
    chance = min(max(chance, _CLIP), 1.0 - _CLIP)
    return log(chance / (1.0 - chance))
