"""Steps of Newton's method that move few of many unknowns."""

from collections.abc import Sequence

from eqdisc.metrics.high_precision import Number

_DEPENDENT = 1e-30  # share of a column left after the others: below, it depends on them


def sparse_step(columns: list[list[Number]], target: list[Number], largest: float) -> list[Number]:
    """A step that brings the target near 0 with few moves, none much larger than `largest`.

    Orthogonal matching pursuit (Pati, Rezaiifar, Krishnaprasad 1993): the column that helps most is taken
    next, until what is left is no more than what the linear model neglects, the residual times the move.
    Fitting that too would drive constants that hardly matter far away. The first column, a shift, is free
    and comes first; columns that depend on those taken are left alone.
    """
    rest = [[*column] for column in columns]
    sizes = [_dot(column, column) for column in columns]
    taken: list[int] = []
    triangle: dict[tuple[int, int], Number] = {}
    shares: list[Number] = []
    left = [*target]
    start, moved = _dot(target, target), target[0] * 0
    while _dot(left, left) > start * moved**2:
        gains = {}
        for i in range(len(columns)):
            square = _dot(rest[i], rest[i])
            if i not in taken and square > sizes[i] * _DEPENDENT**2:
                share = _dot(rest[i], left) / square
                if i == 0 or abs(share) <= largest:
                    gains[i] = (share * share * square, share, square)
        if not gains:
            break
        best = 0 if 0 in gains else max(gains, key=lambda i: gains[i][0])
        _, share, square = gains[best]
        for i in range(len(columns)):
            if i != best and i not in taken:
                factor = _dot(rest[best], rest[i]) / square
                triangle[len(taken), i] = factor
                rest[i] = [value - factor * along for value, along in zip(rest[i], rest[best], strict=True)]
        left = [value - share * along for value, along in zip(left, rest[best], strict=True)]
        taken.append(best)
        shares.append(share)
        moved = max(moved, abs(share)) if best else moved
    return _solved(columns, taken, triangle, shares)


def _solved(
    columns: list[list[Number]],
    taken: list[int],
    triangle: dict[tuple[int, int], Number],
    shares: list[Number],
) -> list[Number]:
    """Moves of the columns from those along the orthogonal directions."""
    solution = [columns[0][0] * 0] * len(columns)
    for k in range(len(taken) - 1, -1, -1):
        later = sum(triangle[k, i] * solution[i] for i in taken[k + 1 :])
        solution[taken[k]] = shares[k] - later
    return solution


def _dot(a: Sequence[Number], b: Sequence[Number]) -> Number:
    return sum(x * y for x, y in zip(a, b, strict=True))
