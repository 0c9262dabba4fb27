"""Laws of several outputs together, through the public door."""

from itertools import count

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.parse import parse
from eqdisc.surfaces.parametric import fit, fit_parametric, membership, scanning
from eqdisc.surfaces.parametric.rational import shared_denominator
from eqdisc.surfaces.parametric.refine import refine
from eqdisc.surfaces.parametric.selection import Library
from eqdisc.surfaces.parametric.sums import sum_laws
from eqdisc.surfaces.parametric.table import Table
from eqdisc.surfaces.solver import explicit_solver, surface_language

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

    law = best(fit_parametric(u, sphere(*u.T)[:, :2], ["u", "v"], ["x", "y"], threads=1))
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


def test_a_parameter_that_is_a_sum_of_others_is_told_with_their_names():
    u, t, v = rows((0.0, 3.0), (-1e6, 1e6), (-2.0, 2.0), count=200).T

    def warnings(w):
        return Table.of(np.column_stack([u, t, v, w]), u[:, None], ["u", "t", "v", "w"], ["x"]).warnings

    (warning,) = warnings((u + v).round(12))
    assert "not independent: 'w' is a linear function of 'u' and 'v' on these rows" in warning
    assert Table.of(np.column_stack([u, v, u + v]), u[:, None], ["u", "v", "w"], ["x"]).active == (0, 1, 2)
    (warning,) = warnings(3.0 - 2.0 * u + 1e-6 * t + v)
    assert "of 'u' and 't' and 'v'" in warning
    assert warnings(u * v) == warnings(u + v + 1e-3 * np.sin(t)) == ()


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


# ------------------------------------------------------------ time


class Clock:
    """Is late from a certain question on, and counts them."""

    def __init__(self, patience=0):
        self.left = patience

    def __call__(self):
        self.left -= 1
        return self.left < 0


def unseparable(count=300):
    u = rows((0.3, 3.0), (0.3, 3.0), count=count)
    first, second = u.T
    return u, np.column_stack([np.exp(np.sin(first * second)), np.log(1 + first * second**2)])


@pytest.mark.parametrize("patience", [0, 1, 2, 4, 8, 30])
def test_structure_looked_at_late_has_a_law_and_no_further_scan(monkeypatch, patience):
    clock, beyond = Clock(patience), []
    minima = scanning._minima

    def counted(*arguments):
        beyond.append(clock.left < 0)
        return minima(*arguments)

    monkeypatch.setattr(scanning, "_minima", counted)
    u = rows((0.0, TURN), (0.0, TURN))
    tube = 2.0 + 0.7 * np.cos(u[:, 1])
    outputs = np.column_stack([tube * np.cos(u[:, 0]), 0.7 * np.sin(u[:, 1])])
    laws = sum_laws(Table.of(u, outputs, ["u", "v"], ["x", "y"]), None, clock)
    assert not any(beyond)
    assert len(beyond) <= 2 * patience
    for j, choices in laws.choices.items():
        assert choices[-1].rms < 0.9 * np.std(outputs[:, j])


def test_who_is_late_begins_nothing(monkeypatch):
    u, outputs = unseparable()
    table = Table.of(u, outputs, ["u", "v"], ["x", "y"])
    monkeypatch.setattr("eqdisc.surfaces.parametric.rational._null", forbidden)
    assert shared_denominator(table, [0, 1], None, Clock()) is None
    laws = [parse("0.712345678*u", ["u", "v"]), parse("v", ["u", "v"])]
    assert refine(laws, u, outputs, Clock()) == tuple(laws)
    assert refine(laws, u, outputs) != tuple(laws)


def forbidden(*_, **__):
    raise AssertionError("there was no time for it")


def test_late_columns_are_added_and_none_is_exchanged(monkeypatch):
    t = np.linspace(0.0, 3.0, 200)
    columns = np.stack([np.ones(200), t, t**2, np.sin(t), np.exp(t)], axis=1)
    library = Library(columns, (2 * t + 3 * np.sin(t))[:, None], np.array([1.0, 2.0, 4.0, 3.0, 3.0]))
    assert library.best(0, late=Clock(10**6)).columns == (1, 3)
    monkeypatch.setattr("eqdisc.surfaces.parametric.selection._Search.two_more", forbidden)
    assert library.best(0, late=Clock()).rms < 0.1


def test_no_search_is_begun_for_which_there_is_no_time(monkeypatch):
    monkeypatch.setattr(fit, "explicit_solver", forbidden)
    monkeypatch.setattr(membership, "product_atoms", forbidden)
    u, outputs = unseparable()
    front = fit_parametric(u, outputs, ["u", "v"], ["x", "y"], threads=1, time_limit=1e-6)
    assert all(np.isfinite(evaluate(e, u)).all() for e in best(front).expressions)
    assert any("before x, y could be searched for" in note for note in front.notes)


def test_networks_reach_no_search_where_they_are_not_wanted(monkeypatch):
    told = []

    def made(dataset, settings, *_):
        told.append(settings.pretrained)
        raise DataError("enough")

    monkeypatch.setattr("eqdisc.surfaces.solver.SearchTask.of", made)
    table = Dataset.of(np.arange(6.0)[:, None], np.arange(6.0) ** 2)
    for wanted in (True, False):
        with pytest.raises(DataError, match="enough"):
            explicit_solver(table, surface_language(None), time_limit=1.0, pretrained=wanted)
    assert told == [True, False]


def test_a_search_has_the_time_that_is_left_or_exactly_so_many_epochs(monkeypatch):
    told = []

    def solver(*_, **settings):
        told.append((settings["time_limit"], settings["epochs"]))
        return ()

    monkeypatch.setattr(fit, "explicit_solver", solver)
    monkeypatch.setattr(fit, "sum_laws", lambda *_: None)
    monkeypatch.setattr(fit, "shared_denominator", lambda *_: None)
    now = count(0.0, 0.01)
    monkeypatch.setattr(fit, "perf_counter", lambda: next(now))
    u, outputs = unseparable()
    fit_parametric(u, outputs, ["u", "v"], ["x", "y"], threads=1, time_limit=50.0)
    (first, _), (second, _) = told
    assert first < 25.0
    assert first < second < 50.0 - fit.LAST_SECONDS
    told.clear()
    fit_parametric(u, outputs, ["u", "v"], ["x", "y"], threads=1, time_limit=1e-6, epochs=3)
    assert [epochs for _, epochs in told] == [3, 3]
