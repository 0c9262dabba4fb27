"""Random trees of a needed dimension: strongly typed creation (Montana 1995) with the units of the features.

Every operator passes on to its operands what they must have for its value to have what is needed. Leaves are
features, constants or monomials of that dimension.
"""

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, CONSTANT, VARIABLE
from eqdisc.engine.random import below, uniform
from eqdisc.proposers.gp.creation import CONSTANT_LEAVES, random_constant, random_operator
from eqdisc.proposers.gp.dimensions import (
    POWER,
    POWERS,
    PRODUCT,
    QUOTIENT,
    RATIO,
    RULES,
    SAME,
    SAME_NUMBER,
    SIGN,
    WHERE,
    Dimensions,
    fits,
)
from eqdisc.proposers.gp.genome import Genome, Primitives, push

#: Draws before an operator, or a factor of a product, is given up.
DRAWS = 10


@kernel
def _first_not_below(d: Dimensions, number: float) -> int:
    """Index of the first monomial whose dimension is at least the number."""
    low, high = 0, d.monomials.shape[0]
    while low < high:
        middle = (low + high) // 2
        if d.monomials[middle] < number:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def monomials_of(d: Dimensions, need: float) -> tuple[int, int]:
    """Range of the monomials of a dimension; of all where any will do."""
    if np.isnan(need):
        return 0, d.monomials.shape[0]
    slack = SAME_NUMBER * max(1.0, abs(need))
    return _first_not_below(d, need - slack), _first_not_below(d, need + slack)


@kernel
def _feature_of(p: Primitives, d: Dimensions, rng: AnyArray, need: float) -> int:
    """A feature of the needed dimension, by relevance; -1 where there is none."""
    total = 0.0
    for j in range(p.features.shape[0]):
        if fits(d.features[j], need):
            total += p.features[j] - (p.features[j - 1] if j > 0 else 0.0)
    if not total > 0.0:
        return -1
    left = uniform(rng) * total
    last = -1
    for j in range(p.features.shape[0]):
        weight = p.features[j] - (p.features[j - 1] if j > 0 else 0.0)
        if weight > 0.0 and fits(d.features[j], need):
            last = j
            left -= weight
            if left < 0.0:
                break
    return last


@kernel
def typed_leaf(g: Genome, p: Primitives, d: Dimensions, rng: AnyArray, need: float) -> bool:
    """Append a feature, constant or short monomial of the needed dimension; False where there is none."""
    constant = fits(d.constant, need)
    if constant and uniform(rng) < CONSTANT_LEAVES:
        push(g, CONSTANT, 0, random_constant(rng))
        return True
    feature = _feature_of(p, d, rng, need)
    if feature >= 0 and uniform(rng) < 0.8:
        push(g, VARIABLE, feature, 1.0)
        return True
    low, high = monomials_of(d, need)
    if low < high:
        k = low + int((high - low) * uniform(rng) ** 2)  # the short ones come first
        if g.size[0] + d.offsets[k + 1] - d.offsets[k] >= g.ops.shape[0]:
            return False
        for i in range(d.offsets[k], d.offsets[k + 1]):
            push(g, d.ops[i], d.args[i], d.values[i])
    elif feature >= 0:
        push(g, VARIABLE, feature, 1.0)
    elif constant:
        push(g, CONSTANT, 0, random_constant(rng))
    else:
        return False
    return True


@kernel
def any_dimension(d: Dimensions, rng: AnyArray) -> float:
    """That of a feature, or none; NaN where nothing is known."""
    j = below(rng, d.features.shape[0] + 1)
    return 0.0 if j == d.features.shape[0] else d.features[j]


@kernel
def _factor_of(d: Dimensions, rng: AnyArray, need: float, sign: float) -> float:
    """Dimension of the right factor (sign 1) or divisor (-1) of a product that has what is needed.

    One whose partner is a monomial, if one is soon found.
    """
    other = 0.0
    for _ in range(DRAWS):
        other = any_dimension(d, rng)
        low, high = monomials_of(d, need - sign * other)
        if low < high:
            break
    return other


@kernel
def operands_of(op: int, need: float, d: Dimensions, rng: AnyArray, needs: FloatArray) -> bool:
    """Write to needs[j] what operand j must have for the operator to have what is needed; False: it
    cannot.
    """
    rule = RULES[op]
    if np.isnan(need) and (rule == SAME or rule == WHERE):
        need = any_dimension(d, rng)  # whatever it is, it is the same for all
    needs[:] = need
    if rule == PRODUCT or rule == QUOTIENT:
        sign = 1.0 if rule == PRODUCT else -1.0
        needs[1] = _factor_of(d, rng, need, sign)
        needs[0] = need - sign * needs[1]
    elif rule == POWER:
        needs[0] = need / POWERS[op]
    elif rule == WHERE:
        needs[0] = any_dimension(d, rng)
    elif rule != SAME:  # a value without a unit; powers are created of such only
        if not fits(need, 0.0):
            return False
        needs[:] = any_dimension(d, rng) if rule == RATIO or rule == SIGN else 0.0
    return True


@kernel
def typed_tree(g: Genome, p: Primitives, d: Dimensions, rng: AnyArray, size: int, need: float) -> bool:
    """Append a random tree of about `size` nodes and the needed dimension (NaN: any); False where none came.

    Laid down in postfix order: the stack holds, two numbers an entry, operators that wait for their operands
    (code, -1) and operands still to come (room, need), the next on top.
    """
    needs, stack = np.empty(3), d.needs
    depth = 1
    stack[0], stack[1] = size, need
    while depth > 0:
        depth -= 1
        room, need = int(stack[2 * depth]), stack[2 * depth + 1]
        if room < 0:
            push(g, -room, 0, 0.0)
            continue
        op = -1
        if room > 1:
            for _ in range(DRAWS):
                op = random_operator(p, rng, min(3, room - 1))
                if op >= 0 and operands_of(op, need, d, rng, needs):
                    break
                op = -1
        if op < 0:
            if not typed_leaf(g, p, d, rng, need) or g.size[0] + depth >= g.ops.shape[0]:
                return False
            continue
        arity = ARITY[op]
        stack[2 * depth] = -op
        depth += 1
        left = room - 1
        for j in range(arity - 1, -1, -1):
            share = 1 + below(rng, left - j) if j > 0 else left
            stack[2 * depth], stack[2 * depth + 1] = share, needs[j]
            depth += 1
            left -= share
    return True
