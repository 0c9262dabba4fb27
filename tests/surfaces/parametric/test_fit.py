"""Laws of several outputs together, through the public door."""

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.surfaces.parametric import fit_parametric

TURN = 2.0 * np.pi


def rows(*box, count=500, seed=3):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(*side, count) for side in box])


def best(front):
    return front.laws[front.best]


def same(law, truth, points):
    """Whether every output is the function that made it, on points of any box."""
    values = np.column_stack([evaluate(e, points) for e in law.expressions])
    return np.allclose(values, truth(*points.T), rtol=1e-9, atol=1e-9)


def moebius(u, v):
    radius = 1.5 + v / 2 * np.cos(u / 2)
    return np.column_stack([radius * np.cos(u), radius * np.sin(u), v / 2 * np.sin(u / 2)])


def test_surface_is_found_and_holds_outside_the_box():
    u = rows((0.0, TURN), (-1.0, 1.0))
    law = best(fit_parametric(u, moebius(*u.T), ["u", "v"], ["x", "y", "z"], threads=1))
    assert law.exact
    assert law.form == "parametric"
    assert law.targets == ("x", "y", "z")
    assert same(law, moebius, rows((TURN, 9.0), (1.0, 3.0)))


def test_noise_leaves_round_and_shared_constants():
    u = rows((0.0, TURN), (0.0, TURN), count=1200)
    tube = 2.0 + 0.7 * np.cos(u[:, 1])
    torus = np.column_stack([tube * np.cos(u[:, 0]), tube * np.sin(u[:, 0]), 0.7 * np.sin(u[:, 1])])
    noisy = torus + 0.01 * np.random.default_rng(1).standard_normal(torus.shape)
    front = fit_parametric(u, noisy, ["u", "v"], ["x", "y", "z"], threads=1)
    law = best(front)
    assert not law.exact
    assert [str(e) for e in law.expressions] == [
        "(2 + 0.7*cos(x1))*cos(x0)",
        "(2 + 0.7*cos(x1))*sin(x0)",
        "0.7*sin(x1)",
    ]
    assert any("x, y share" in note for note in front.notes)


def test_rates_that_no_list_has_are_found():
    t = rows((0.0, 7.0), count=400)
    spiral = np.exp(-0.237 * t[:, 0])[:, None] * np.column_stack([np.cos(t[:, 0]), np.sin(t[:, 0])])
    law = best(fit_parametric(t, spiral, ["t"], ["x", "y"], threads=1))
    assert law.exact


def test_shared_denominator():
    u = rows((-1.5, 1.5), (-1.5, 1.5))

    def sphere(u, v):
        return np.column_stack([2 * u, 2 * v, 1 - u**2 - v**2]) / (1 + u**2 + v**2)[:, None]

    law = best(fit_parametric(u, sphere(*u.T)[:, :2], ["u", "v"], ["x", "y"], threads=1, time_limit=2.0))
    assert all(np.isfinite(evaluate(e, u)).all() for e in law.expressions)
    assert law.exact


def test_front_rises_in_complexity_and_falls_in_distance():
    u = rows((0.0, TURN), (-1.0, 1.0))
    front = fit_parametric(u, moebius(*u.T), ["u", "v"], ["x", "y", "z"], threads=1)
    complexities = [law.complexity for law in front.laws]
    distances = [law.distance for law in front.laws]
    assert complexities == sorted(set(complexities))
    assert distances == sorted(distances, reverse=True)


def test_constant_output_has_a_constant_law():
    t = rows((0.0, TURN), count=120)
    ring = np.column_stack([np.cos(t[:, 0]), np.sin(t[:, 0]), np.full(120, 1.25)])
    law = best(fit_parametric(t, ring, ["t"], ["x", "y", "z"], threads=1))
    assert [str(e) for e in law.expressions] == ["cos(x0)", "sin(x0)", "1.25"]


def test_dependent_parameters_are_told():
    u = rows((0.0, 3.0), count=200)
    both = np.column_stack([u[:, 0], 2.0 * u[:, 0] + 1.0])
    front = fit_parametric(both, np.column_stack([np.cos(u[:, 0]), u[:, 0] ** 2]), ["u", "v"], ["x", "y"])
    assert any("not independent" in warning and "'v'" in warning for warning in front.warnings)


@pytest.mark.parametrize(
    ("parameters", "outputs", "said"),
    [
        (np.zeros((5, 1)), np.zeros((4, 2)), "4"),
        (np.arange(6.0)[:, None], np.column_stack([np.arange(6.0), [1, 2, np.nan, 4, 5, 6]]), "row 3"),
        (np.arange(3.0)[:, None], np.zeros((3, 2)), "at least 4 rows"),
    ],
)
def test_bad_tables_are_refused(parameters, outputs, said):
    with pytest.raises(DataError, match=said):
        fit_parametric(parameters, outputs, ["u"], ["x", "y"])


def test_time_limit_is_above_zero():
    with pytest.raises(OptionError, match="time_limit"):
        fit_parametric(np.arange(6.0)[:, None], np.zeros((6, 1)), ["u"], ["x"], time_limit=0.0)
