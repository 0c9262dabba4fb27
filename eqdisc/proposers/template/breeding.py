"""New functions out of old ones: mutation and crossover within the place of one unknown function."""

from collections.abc import Iterator, Sequence
from random import Random

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, ARITY, CONSTANT, MUL, VARIABLE, OperatorSet
from eqdisc.proposers.template.composer import MOST_NUMBERS, Bodies, Trial
from eqdisc.proposers.template.small import SmallFunctions

LARGEST_BODY = 30  # nodes of one function
DONOR_SIZE = 4  # nodes of what a subtree is replaced by, at most
NUDGE = 0.3  # relative change of a number that is tried elsewhere
# How often each way is taken, in proportion.
WAYS = {"fresh": 4, "subtree": 5, "point": 3, "exchange": 2, "cross": 3, "wrap": 4, "hoist": 2, "nudge": 1}


class Breeder:
    """Varies the functions of trials, one function at a time.

    small : for each function, the small functions of as many arguments
    """

    def __init__(self, small: Sequence[SmallFunctions], operators: OperatorSet, scale: float) -> None:
        self.small = small
        self.scale = scale
        self._by_arity = {
            arity: [code for code in operators.codes if ARITY[code] == arity] for arity in (1, 2, 3)
        }
        self._joining = [code for code in (ADD, MUL) if code in operators.codes] or self._by_arity[2]

    def child(self, first: Trial, second: Trial, random: Random) -> Trial | None:
        """The first parent with one function varied; None where that came to nothing."""
        slot = random.randrange(len(first.bodies))
        way = random.choices(tuple(WAYS), tuple(WAYS.values()))[0]
        if way == "nudge":
            return self._nudged_trial(first, random)
        body = self._varied(way, first.bodies[slot], second.bodies[slot], self.small[slot], random)
        if body is None or body == first.bodies[slot]:
            return None
        if body.size > LARGEST_BODY or body.codes.count(CONSTANT) > MOST_NUMBERS or _idle(body):
            return None
        bodies: Bodies = (*first.bodies[:slot], body, *first.bodies[slot + 1 :])
        return Trial(bodies, first.parameters)

    def _varied(
        self, way: str, body: Expression, other: Expression, small: SmallFunctions, random: Random
    ) -> Expression | None:
        node = random.randrange(body.size)
        if way == "fresh":
            return self.started(small.bodies[_low_rank(len(small.bodies), random)], random)
        if way == "exchange":
            return other
        if way == "subtree":
            return body.replace_subtree(node, self._donor(small, random))
        if way == "cross":
            return body.replace_subtree(node, other.subtree(random.randrange(other.size)))
        if way == "hoist":
            return body.replace_subtree(node, body.subtree(_descendant(body, node, random)))
        if way == "wrap":
            return self._wrapped(body, node, small, random)
        return self._pointed(body, node, small, random)

    def _donor(self, small: SmallFunctions, random: Random) -> Expression:
        count = small.starts[min(DONOR_SIZE, small.largest)]
        return self.started(small.bodies[_low_rank(count, random)], random)

    def _wrapped(
        self, body: Expression, node: int, small: SmallFunctions, random: Random
    ) -> Expression | None:
        """A subtree, or the whole, joined to something small or put under an operator."""
        node = body.size - 1 if random.random() < 0.5 else node
        inner = body.subtree(node)
        if self._by_arity[1] and (random.random() < 0.3 or not self._joining):
            return body.replace_subtree(node, Expression.apply(random.choice(self._by_arity[1]), inner))
        if not self._joining:
            return None
        code = random.choice(self._joining if random.random() < 0.8 else self._by_arity[2])
        operands = [inner, self._donor(small, random)]
        if random.random() < 0.5:
            operands.reverse()
        return body.replace_subtree(node, Expression.apply(code, *operands))

    def _pointed(
        self, body: Expression, node: int, small: SmallFunctions, random: Random
    ) -> Expression | None:
        """Another operator with as many operands, or another leaf."""
        arity = int(ARITY[body.codes[node]])
        if arity == 0:
            return body.replace_subtree(node, self.started(random.choice(small.of_size(1)), random))
        if not self._by_arity[arity]:
            return None
        code = random.choice(self._by_arity[arity])
        return Expression((*body.codes[:node], code, *body.codes[node + 1 :]), body.payload)

    def started(self, body: Expression, random: Random) -> Expression:
        """The function with its numbers drawn afresh: mostly of size one, some of the size of the target."""
        count = body.codes.count(CONSTANT)
        return body.with_constants([self.number(random) for _ in range(count)]) if count else body

    def number(self, random: Random) -> float:
        """A number to start from."""
        if random.random() < 0.4:
            return 1.0
        value = float(10.0 ** random.uniform(-1.0, 1.0)) * (1.0 if random.random() < 0.7 else -1.0)
        return value * self.scale if random.random() < 0.3 else value

    def _nudged_trial(self, trial: Trial, random: Random) -> Trial:
        bodies = tuple(
            body.with_constants([self._nudged(value, random) for value in body.constants])
            if CONSTANT in body.codes
            else body
            for body in trial.bodies
        )
        return Trial(bodies, tuple(self._nudged(value, random) for value in trial.parameters))

    def _nudged(self, value: float, random: Random) -> float:
        if random.random() < 0.2:
            return self.number(random)
        return float(value * (1.0 + NUDGE * random.gauss(0.0, 1.0)))


def shorter_bodies(bodies: Bodies) -> Iterator[Bodies]:
    """The functions with one operator of one of them replaced by one of its operands."""
    for slot, body in enumerate(bodies):
        for node, code in enumerate(body.codes):
            if ARITY[code]:
                for operand in body.subtree(node).children:
                    shorter = body.replace_subtree(node, operand)
                    if not _idle(shorter):
                        yield (*bodies[:slot], shorter, *bodies[slot + 1 :])


def _low_rank(count: int, random: Random) -> int:
    """A rank below `count`, each power of two as likely as the next."""
    return min(int(count ** random.random()) - (random.random() < 0.5), count - 1) if count > 1 else 0


def _descendant(body: Expression, node: int, random: Random) -> int:
    return random.randint(body.subtree_start(node), node)


def _idle(body: Expression) -> bool:
    """Whether an operator has only numbers below it, or the body no argument."""
    if body.size > 1 and VARIABLE not in body.codes:
        return True
    stack: list[bool] = []
    for code in body.codes:
        arity = int(ARITY[code])
        below = stack[len(stack) - arity :]
        if arity and not any(below):
            return True
        del stack[len(stack) - arity :]
        stack.append(code == VARIABLE or arity > 0)
    return False
