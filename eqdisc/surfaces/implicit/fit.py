"""From a cloud of points to its laws F = 0: quick libraries first, then searches, as long as time allows."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from eqdisc.errors import OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.scoring.complexity import complexity
from eqdisc.surfaces.implicit.algebraic import clean_polynomials
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.covering import choose, strays
from eqdisc.surfaces.implicit.evolution import evolve
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.matching import distinct, expressions_by_cost, match
from eqdisc.surfaces.implicit.mixed import mixed
from eqdisc.surfaces.implicit.noisy import noisy_polynomials, waves
from eqdisc.surfaces.implicit.refuse import LocalShape, local_shape, no_surface, refuse_smaller, refuse_thread
from eqdisc.surfaces.implicit.solve_term import Solve, quick_solve, solve_terms
from eqdisc.surfaces.implicit.sums import sums
from eqdisc.surfaces.law import SurfaceFront

STAGES = (clean_polynomials, match, noisy_polynomials, waves, sums, mixed)
SOLVING = 0.4  # of the time left: the explicit search
LISTED, BLOCKS = 3000, 1200  # small expressions; those of them that breeding starts from
SCATTER, SHORT = 1.0, 16  # of the scatter about planes, which is 1.1 to 1.4 times the noise; nodes
QUICK = 4  # of them; what fills the space and is none of these is no surface


def fit_implicit(
    points: ArrayLike,
    names: Sequence[str],
    *,
    operators: str | Sequence[str] | OperatorSet | None = None,
    time_limit: float = 20.0,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    solve: Solve | None = None,
) -> SurfaceFront:
    """Find F with F(x, y, ...) = 0 on all points and nowhere else.

    points     : (n, d) on one surface (d = 3), curve (d = 2) or hypersurface; exact or with noise
    names      : of the d coordinates
    operators  : what F may be made of; None for all that is tried. Whole powers are products
    time_limit : seconds; clean polynomials and waves take about one
    seed       : of the rows drawn and held out
    threads    : of the explicit search, None for all cores
    max_size   : nodes of laws searched for; a polynomial that the points prove may be longer
    solve      : the explicit search that terms are solved for by; None for its quick strategies

    NoSurfaceError says why points lie on no surface: they fill the space, lie on a curve, or are too few;
    DataError for a table that is none (a NaN is named by row and column), OptionError for an impossible
    setting. The null space of monomials, pairs of small expressions, Taubin's fit (1991) and the fit of
    distances, the explicit search and genetic programming are tried in this order, see the modules beside
    this one. Ctrl-C ends the search with the best so far.

    >>> angle = np.linspace(0.0, 6.2, 60)
    >>> front = fit_implicit(np.stack([1 + 2 * np.cos(angle), np.sin(angle)], axis=1), ["x", "y"])
    >>> law = front.laws[front.best]
    >>> str(law.expressions[0]), law.exact
    ('0.25*(x0 - 1)**2 + x1**2 - 1', True)
    """
    if not time_limit > 0.0:
        raise OptionError(f"time_limit is {time_limit}; wanted seconds, more than 0")
    cloud = Cloud.of(points, tuple(names), seed)
    finder = Finder(cloud, time.monotonic() + time_limit, max_size, _language(operators))
    with threadpool_limits(1, user_api="blas"):
        shape = local_shape(cloud, seed)
        refuse_smaller(cloud, shape)
        interrupted: KeyboardInterrupt | None = None
        try:
            _search(finder, shape, solve or quick_solve, seed, threads)
        except KeyboardInterrupt as stop:
            interrupted = stop
        choose(finder)
    front = finder.front((), _warnings(finder))
    if front is None and interrupted is not None:
        raise interrupted
    if front is None:
        raise no_surface(cloud, shape, finder.nearest if np.isfinite(finder.nearest) else None)
    return replace(front, interrupted=interrupted is not None)


def _search(finder: Finder, shape: LocalShape, solve: Solve, seed: int, threads: int | None) -> None:
    for i, stage in enumerate(STAGES):
        if i >= QUICK and shape.dimension == finder.cloud.dimension and not finder.found:
            raise no_surface(finder.cloud, shape, None)
        if i == QUICK:
            refuse_thread(finder.cloud, shape, finder.best.fit.rms if finder.best is not None else np.inf)
        # The first takes a tenth of a second: without it nothing could be said of the points.
        if not finder.exact and (i == 0 or finder.seconds_left > 0.0):
            stage(finder)
    if not finder.exact:
        with finder.share(SOLVING):
            solve_terms(finder, solve, seed, threads)
    if not finder.exact and finder.seconds_left > 0.0 and not _settled(finder, shape):
        evolve(finder, distinct(expressions_by_cost(finder, LISTED), BLOCKS), seed)


def _settled(finder: Finder, shape: LocalShape) -> bool:
    """Whether a short law is as near as the points are to each other: no other would be nearer."""
    best = finder.best
    if best is None or best.fit.rms >= SCATTER * shape.scatter or len(best.expression) > SHORT:
        return False
    return not strays(finder)


def _language(operators: str | Sequence[str] | OperatorSet | None) -> OperatorSet | None:
    if operators is None or isinstance(operators, OperatorSet):
        return operators
    return OperatorSet.parse(operators if isinstance(operators, str) else " ".join(operators))


def _warnings(finder: Finder) -> tuple[str, ...]:
    best = finder.best
    if best is None:
        return ()
    found = []
    if complexity(best.expression) > finder.max_size:
        end = "; nothing shorter holds" if best.fit.exact else ""
        found.append(
            f"the law has {complexity(best.expression)} nodes, more than the {finder.max_size} asked for{end}"
        )
    if not best.fit.exact and strays(finder):
        found.append(
            "much of where the law is zero in the box of the points is far from all of them: it is no law of "
            "theirs, or they are from a part of the surface only"
        )
    return tuple(found)
