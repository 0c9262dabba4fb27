"""Laws that are sums of products of powers, waves, exponentials and logarithms of single coordinates."""

from itertools import combinations, product

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.dependency import ONE, first_dependency, written
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.library import Terms
from eqdisc.surfaces.implicit.waves import add_polished
from eqdisc.surfaces.implicit.writing import power_of

SCALES = (1.0, 2.0, 0.5, float(np.pi), 3.0, 2.0 * float(np.pi))
MOST_TERMS = 260
MOST_EXPONENT = 200.0


def mixed(finder: Finder) -> None:
    """Sums of functions of one coordinate each, then of products of two, for a few inner scales."""
    cloud = finder.cloud
    for scale in SCALES:
        if finder.exact or finder.seconds_left < 1.0:
            return
        found = first_dependency(Terms(mixed_terms(cloud, scale)), cloud)
        if found is not None:
            add_polished(finder, written(found, cloud), "null space of mixed terms")


def mixed_terms(cloud: Cloud, scale: float) -> tuple[Expression, ...]:
    """The terms, smallest first; those of one coordinate before products of two."""
    single = [functions(j, cloud, scale) for j in range(cloud.dimension)]
    alone = [f for own in single for f in own]
    pairs = [
        a * b for i, j in combinations(range(cloud.dimension), 2) for a, b in product(single[i], single[j])
    ]
    ordered = [ONE, *sorted(alone, key=len), *sorted(pairs, key=len)]
    return tuple(ordered[:MOST_TERMS])


def functions(j: int, cloud: Cloud, scale: float) -> list[Expression]:
    """Functions of one coordinate that have values all over its range."""
    x = Expression.variable(j)
    scaled = x if scale == 1.0 else scale * x
    low, high = cloud.centre[j] - cloud.half[j], cloud.centre[j] + cloud.half[j]
    found = [x, power_of(x, 2), power_of(x, 3)]
    found += [Expression.apply(name, scaled) for name in ("sin", "cos")]
    if scale * max(abs(low), abs(high)) < MOST_EXPONENT:
        found += [
            Expression.apply("exp", scaled),
            Expression.apply("exp", -x if scale == 1.0 else -scale * x),
        ]
        found.append(Expression.apply("exp", -power_of(x, 2) if scale == 1.0 else -scale * power_of(x, 2)))
    if low > 0.0:
        found += [Expression.apply("log", x), Expression.apply("sqrt", x)]
    if low > 0.0 or high < 0.0:
        found.append(1.0 / x)
    found += [
        Expression.apply(name, 2.0 * scaled if scale == 1.0 else (2.0 * scale) * x) for name in ("sin", "cos")
    ]
    return found
