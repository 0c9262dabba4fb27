"""The suites of surfaces: what they hold, and what a benchmark of them has to promise."""

from collections import Counter

import numpy as np
import pytest

from eqdisc.benchmark import load_suite
from eqdisc.benchmark.suites.surface import CATEGORIES, CELLS, operators_of
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import row_of
from eqdisc.expr.parse import parse

PUBLISHED = (11, 10, 9, 9, 11, 10, 10, 10, 10, 10, 10, 10, 9, 24, 30)
#: Powers and signs need no operator of their own.
ARITHMETIC = {"pow", "neg", "inv", "cube", "square"}


@pytest.fixture(scope="module")
def surface():
    return load_suite("surface")


def corners(task):
    return np.array([task.domain[name] for name in task.feature_names]).T


def test_categories_have_their_published_sizes(surface):
    assert Counter(task.category for task in surface.tasks) == dict(zip(CATEGORIES, PUBLISHED, strict=True))
    assert Counter(task.form for task in surface.tasks) == {"explicit": 129, "implicit": 24, "parametric": 30}


def test_explicit_laws_are_finite_far_outside_too(surface):
    rng = np.random.default_rng(0)
    for task in surface.tasks:
        if task.form != "explicit":
            continue
        far = rng.uniform(5.0, 10.0, (500, 2)) * rng.choice([-1.0, 1.0], (500, 2))
        near = rng.uniform(-5.0, 5.0, (500, 2))
        for rows in (near, far, np.rint(16.0 * near), np.rint(8.0 * far)):
            assert np.isfinite(evaluate(parse(task.truth, task.feature_names), rows)).all(), task.name


def test_implicit_truths_are_surfaces_in_their_boxes(surface):
    for task in surface.tasks:
        if task.form == "implicit":
            lower, upper = corners(task)
            law = parse(task.truth, task.feature_names)
            values = evaluate(law, np.random.default_rng(0).uniform(lower, upper, (4000, 3)))
            assert np.isfinite(values).all()
            assert 0.01 < (values > 0.0).mean() < 0.99, task.name


def test_parametric_truths_have_two_dimensions(surface):
    for task in surface.tasks:
        if task.form != "parametric":
            continue
        lower, upper = corners(task)
        rows = np.random.default_rng(0).uniform(lower, upper, (1000, 2))
        steps = 1e-6 * (upper - lower) * np.eye(2)
        laws = [parse(law, task.feature_names) for law in task.truths]
        slopes = np.array(
            [[evaluate(law, rows + h) - evaluate(law, rows - h) for h in steps] for law in laws]
        )
        least, most = np.linalg.svd(np.moveaxis(slopes, 2, 0), compute_uv=False).T[::-1]
        assert (least > 1e-4 * most.max()).mean() > 0.9, task.name


def test_no_two_problems_are_the_same(surface):
    rows = np.random.default_rng(1).uniform(-4.0, 4.0, (30, 3))
    seen = {}
    for task in surface.tasks:
        laws = [parse(law, task.feature_names) for law in task.truths]
        with np.errstate(all="ignore"):
            values = np.concatenate([evaluate(law, rows[:, : len(task.feature_names)]) for law in laws])
        key = tuple(np.round(values, 9))
        assert key not in seen, (task.name, seen.get(key))
        seen[key] = task.name


def test_laws_are_made_of_what_methods_are_offered(surface):
    for task in surface.tasks:
        offered = {*operators_of(task.form), *ARITHMETIC}
        for law in task.truths:
            used = {row_of(code).name for code in parse(law, task.feature_names).codes if code > 1}
            assert used <= offered, (task.name, used - offered)
        assert set(operators_of(task.form)) == set(task.operators)


def test_every_variable_has_a_meaning(surface):
    for task in surface.tasks:
        assert all(f"{name} " in task.description for name in (*task.feature_names, *task.target_names))


def test_sizes_and_where_the_rows_are(surface):
    split = surface.task("bivariate-1").data(0)
    assert (split.train.n_rows, split.test.n_rows, split.outside.n_rows) == (5000, 500, 500)
    assert np.abs(split.train.features).max() <= 5.0
    beyond = np.abs(split.outside.features)
    assert beyond.min() >= 5.0
    assert beyond.max() <= 10.0
    assert len({tuple(row) for row in np.sign(split.outside.features)}) == 4


def test_whole_numbers_do_not_repeat(surface):
    split = surface.task("grid-3").data(0)
    rows = np.vstack([split.train.features, split.test.features])
    assert len({tuple(row) for row in rows}) == len(rows) == 5500
    assert np.abs(rows).max() <= CELLS < np.abs(split.outside.features).min()


def test_noise_is_of_the_size_it_is_said_to_be_and_the_rows_are_the_same():
    for name in ("mixture-2", "parametric-3"):
        clean = load_suite("surface").task(name).data(5)
        noisy = load_suite("surface-noise-0.05").task(name).data(5)
        np.testing.assert_array_equal(clean.train.features, noisy.train.features)
        column = "target" if name == "mixture-2" else "targets"
        seen, true = getattr(noisy.train, column), getattr(clean.train, column)
        spread = np.sqrt(np.mean(np.var(true, axis=0)))
        assert noisy.noise == pytest.approx(0.05 * spread)
        assert np.std(seen - true) == pytest.approx(noisy.noise, rel=0.05)
        np.testing.assert_array_equal(getattr(clean.test, column), getattr(noisy.test, column))
        assert clean.noise == 0.0


def test_points_of_implicit_surfaces_carry_noise_in_every_direction():
    clean = load_suite("surface").task("implicit-9").data(5)
    noisy = load_suite("surface-noise-0.01").task("implicit-9").data(5)
    assert isinstance(clean.train, Cloud)
    assert clean.train.points.shape == (5000, 3)
    assert clean.train.names == ("x", "y", "z")
    off = noisy.train.points - clean.train.points
    np.testing.assert_allclose(off.std(axis=0), noisy.noise, rtol=0.06)
    np.testing.assert_array_equal(clean.test.points, noisy.test.points)


def test_hidden_surfaces_are_the_parametric_ones_without_parameters(surface):
    hidden = load_suite("surface-hidden")
    assert {task.form for task in hidden.tasks} == {"hidden"}
    for name in ("parametric-1", "parametric-17"):
        given, told = surface.task(name).data(2).train, hidden.task(name).data(2).train
        assert isinstance(given, JointDataset)
        assert isinstance(told, Cloud)
        np.testing.assert_array_equal(given.targets, told.points)
        assert told.names == given.target_names == ("x", "y", "z")
        assert hidden.task(name).truths == surface.task(name).truths
