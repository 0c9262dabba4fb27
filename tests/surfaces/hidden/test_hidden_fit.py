"""Surfaces whose parameters are not known, from points to the law."""

import numpy as np
import pytest

from eqdisc.engine.patch import Patch
from eqdisc.errors import DataError, NoSurfaceError
from eqdisc.surfaces.hidden.fit import fit_hidden

NAMES = ("x", "y", "z")


def test_an_equation_of_the_points_wins_where_there_is_one() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    front = fit_hidden(np.repeat(points, 4, axis=0), NAMES, time_limit=5.0)  # duplicates say nothing new
    law = front.laws[front.best]
    assert (law.form, law.exact) == ("implicit", True)
    np.testing.assert_allclose(law.values(points), 0.0, atol=1e-12)


def test_a_helical_tube_has_a_parametric_law_with_its_ranges() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.uniform(0.0, 12.0, 4000), rng.uniform(0.0, 2.0 * np.pi, 4000)
    radius = 2.0 + 0.4 * np.cos(v)
    points = np.column_stack([radius * np.cos(u), radius * np.sin(u), 0.4 * np.sin(v) + 0.25 * u])
    front = fit_hidden(points, NAMES, time_limit=3.0)
    law = front.laws[front.best]
    assert (law.form, law.exact, law.targets) == ("parametric", True, NAMES)
    low, high = np.array(law.ranges).T
    assert Patch(law.expressions, (low, high)).distances(points).max() < 1e-9


def test_a_helicoid_is_told_by_its_screw() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.uniform(0.0, 6.0, 1200), rng.uniform(-2.0, 2.0, 1200)
    points = np.column_stack([v * np.cos(u), v * np.sin(u), 0.4 * u])
    front = fit_hidden(points, NAMES, time_limit=3.0)
    law = front.laws[front.best]
    assert "pitch 0.4" in law.origin
    np.testing.assert_allclose(law.values(points), 0.0, atol=1e-9)


def test_no_form_is_said_with_what_was_tried() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(NoSurfaceError, match="no form was found that the 500 points fit; tried an equation"):
        fit_hidden(rng.uniform(-1.0, 1.0, (500, 3)), NAMES, time_limit=2.0)


def test_cells_that_are_no_numbers_are_named() -> None:
    points = np.ones((80, 3))
    points[2, 1] = np.nan
    with pytest.raises(DataError, match="'y'"):
        fit_hidden(points, NAMES)
