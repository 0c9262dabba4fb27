"""Whether an F is zero where the points are and hardly elsewhere, and the factors of it that are."""

from collections import Counter
from collections.abc import Sequence
from functools import partial, reduce

import numpy as np
from scipy.spatial import cKDTree

from eqdisc.engine.box import Box
from eqdisc.engine.crossings import crossings
from eqdisc.engine.factors import factors
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, DIV, MUL, SIN
from eqdisc.surfaces.implicit.cloud import Cloud, fit_of
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.sums import summands
from eqdisc.surfaces.implicit.writing import base_of, power_of, written_sum

LINES, CELLS = 256, 64  # that look for zeros: a few hundred, in some ten milliseconds
FEW = 30  # zeros that say nothing of the others
NEIGHBOURS = 6  # of which the farthest says how far apart points are there
REACH = 1.2  # times that: of a surface, 0.02 % is farther from points that are even by area
NOISE = 2.0  # times the distance of the points
MOST_STRAY = 0.1  # of the zeros; of true laws it is at most 1 %
MOST_JUDGED = 6  # laws
AS_NEAR = 3.0  # times the distance: laws that stray less and are farther off are not preferred
SAME = 1e-9  # of the values of a law: what rounding leaves of the difference to its factors' product

Powers = tuple[float, Counter[Expression]]  # a number, and how often each factor stands beside it


def stray_share(expression: Expression, cloud: Cloud, missed: float) -> float:
    """Share of the zeros of an F in the box of a cloud, even by area, that are far from all its points.

    missed : typical distance of the points from F = 0 over the diagonal
    0 where too few zeros are met to tell.

    >>> from eqdisc.expr.parse import parse
    >>> angle = np.linspace(0, 6.28, 400)
    >>> cloud = Cloud.of(np.stack([np.cos(angle), np.sin(angle)], axis=1), ("x", "y"), seed=0)
    >>> one, two = (parse(text, ["x", "y"]) for text in ("x**2 + y**2 - 1", "x*(x**2 + y**2 - 1)"))
    >>> stray_share(one, cloud, 0.0), round(stray_share(two, cloud, 0.0), 1)
    (0.0, 0.2)
    """
    box = Box((cloud.centre - cloud.half) / cloud.scale, (cloud.centre + cloud.half) / cloud.scale)
    starts, ends = box.chords(LINES, np.random.default_rng(0))
    zeros = []
    for factor in factors(expression):
        met = crossings(partial(evaluate, factor.zero), starts * cloud.scale, ends * cloud.scale, CELLS)[0]
        for other in factor.others:
            with np.errstate(all="ignore"):
                met = met[np.isfinite(evaluate(other, met))]
        zeros.append(met)
    found = np.concatenate(zeros) / cloud.scale
    if len(found) < FEW:
        return 0.0
    points = cloud.points / cloud.scale
    tree = cKDTree(points)
    spacing = np.asarray(tree.query(points, [min(NEIGHBOURS + 1, len(points))])[0])[:, 0]
    away, nearest = tree.query(found)
    near = REACH * spacing[nearest] + NOISE * missed * cloud.diagonal
    return float(np.mean(np.asarray(away) > near))


def choose(finder: Finder) -> None:
    """Put laws behind that are zero far from the points as well, where another is nearly as near and is not.

    Of products, and of sums with a common factor, the factors are tried. Exact laws are not put behind.
    """
    first = finder.best
    for _ in range(2 * MOST_JUDGED):  # a factor may be found of each law that is put aside
        if len(finder.aside) >= MOST_JUDGED:
            break
        law = finder.best
        if law is None or first is None:
            return
        for part in parts(law.expression, finder.cloud):
            fit = fit_of(part, finder.cloud)
            if fit.exact or fit.rms <= AS_NEAR * law.fit.rms:
                finder.add(part, f"{law.origin}, a factor")
        if finder.best is not law:
            continue
        if law.fit.exact or not strays(finder):
            if law.fit.rms <= AS_NEAR * first.fit.rms:
                return
            break
        if law.expression in finder.aside:
            break
        finder.aside.add(law.expression)
    finder.aside.clear()


def strays(finder: Finder) -> bool:
    """Whether much of the zeros of the best law so far is far from the points."""
    best = finder.best
    return best is not None and stray_share(best.expression, finder.cloud, best.fit.rms) > MOST_STRAY


def parts(expression: Expression, cloud: Cloud) -> list[Expression]:
    """The factors of an F: of a product, of powers, and what the terms of a sum have in common.

    sin(2*u) is 2*sin(u)*cos(u) where that helps; empty where there is but one factor.

    >>> from eqdisc.expr.parse import parse
    >>> cloud = Cloud.of(np.random.default_rng(0).normal(size=(40, 3)), ("x", "y", "z"), seed=0)
    >>> law = parse("2*cos(x)*sin(y) - sin(2*y)*exp(z)", ["x", "y", "z"])
    >>> list(map(str, parts(law, cloud)))
    ['cos(x0) - cos(x1)*exp(x2)', 'sin(x1)']
    """
    found = [factor.zero for factor in factors(expression)]
    if found != [expression]:
        return found
    terms = summands(expression)
    if len(terms) < 2:
        return []
    plain = [_atoms(term) for term in terms]
    known = frozenset(atom for _, atoms in plain for atom in atoms)
    spellings = [plain, [_atoms(term, known) for term in terms]]  # the plain one where it has as much
    counts = max(spellings, key=lambda counts: _common(counts).total())
    common = _common(counts)
    left = [
        (factor * number, [power_of(base, n) for base, n in (atoms - common).items()])
        for factor, (number, atoms) in zip(terms.values(), counts, strict=True)
    ]
    if not common or not all(number != 0.0 and np.isfinite(number) for number, _ in left):
        return []
    product = reduce(lambda a, b: a * b, (power_of(base, n) for base, n in common.items()), written_sum(left))
    if not _same(expression, product, cloud):
        return []
    scale = max(abs(number) for number, _ in left)
    return [written_sum([(number / scale, rest) for number, rest in left]), *common]


def _common(counts: Sequence[Powers]) -> Counter[Expression]:
    """The powers that all products share."""
    return reduce(lambda a, b: a & b, (powers for _, powers in counts))


def _atoms(term: Expression, known: frozenset[Expression] = frozenset()) -> Powers:
    """A term as a number times powers; sin(2*u) as 2*sin(u)*cos(u) where one of these is known."""
    children = term.children
    if term.root == CONSTANT:
        return float(term.payload[0]), Counter()
    if term.root == MUL or (term.root == DIV and children[1].root == CONSTANT):
        (a, one), (b, two) = (_atoms(child, known) for child in children)
        return (a * b if term.root == MUL else a / b), one + two
    if term.root == DIV:
        number, above = _atoms(children[0], known)
        return number, above + Counter([1.0 / children[1]])
    if known and term.root == SIN:
        number, angle = _atoms(children[0])
        halves = [Expression.apply(name, _half(number, angle)) for name in ("sin", "cos")] if number else []
        if not known.isdisjoint(halves):
            return 2.0, Counter(halves)
    base, power = base_of(term)
    if power > 1:
        number, inner = _atoms(base, known)
        with np.errstate(over="ignore"):
            number = float(np.float_power(number, power))
        return number, Counter({atom: power * n for atom, n in inner.items()})
    return 1.0, Counter([term])


def _half(number: float, angle: Counter[Expression]) -> Expression:
    return written_sum([(0.5 * number, [power_of(base, n) for base, n in angle.items()])])


def _same(one: Expression, other: Expression, cloud: Cloud) -> bool:
    with np.errstate(all="ignore"):
        first, second = (evaluate(e, cloud.in_box(64)) for e in (one, other))
    fine = np.isfinite(first) & np.isfinite(second)
    return bool(fine.any()) and bool(np.abs(first - second)[fine].max() <= SAME * np.abs(first[fine]).max())
