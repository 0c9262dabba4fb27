"""What the network is shown of a table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import pearsonr, rankdata, spearmanr

from eqdisc.proposers.snip.inputs import COLUMN, PAIR, POINT, TABLE, Inputs, association, prepare
from eqdisc.proposers.snip.views import Views, views_of

Array = NDArray[np.float64]


def tables(count: int, rows: int, columns: int, seed: int = 0) -> tuple[Array, Array]:
    """Features (count, rows, 10) of which the first `columns` are there, and targets."""
    rng = np.random.default_rng(seed)
    features = np.zeros((count, rows, 10))
    features[:, :, :columns] = rng.uniform(-2.0, 3.0, (count, rows, columns))
    return features, np.sin(features[:, :, 0]) * features[:, :, columns - 1] + 0.1 * rng.normal(
        size=(count, rows)
    )


def shown(features: Array, target: Array, columns: int) -> Inputs:
    count, rows = target.shape
    return prepare(features, target, np.full(count, rows), np.full(count, columns))


def views(features: Array, target: Array, columns: int) -> Views:
    return views_of(
        features, target, np.ones(target.shape, np.bool_), np.arange(10) < np.full((1, 1), columns)
    )


def test_shapes_and_types() -> None:
    inputs = shown(*tables(3, 20, 4), 4)
    assert inputs.points.shape == (3, 20, POINT)
    assert inputs.columns.shape == (3, 10, COLUMN)
    assert inputs.pairs.shape == (3, 10, 10, PAIR)
    assert inputs.table.shape == (3, TABLE)
    assert {part.dtype for part in (inputs.points, inputs.columns, inputs.pairs, inputs.table)} == {
        np.dtype(np.float32)
    }
    assert np.array_equal(inputs.column_mask, np.arange(10) < np.full((3, 1), 4))


ugly = st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 3.0, 1e-300, -1e-300, 1e300, -1e300, 5e-324, 1e-8, 0.1, 1.7e308]
)
usual = st.floats(-1e300, 1e300, allow_subnormal=True)


@given(arrays(np.float64, (6, 3), elements=st.one_of(ugly, usual)), st.integers(4, 6), st.integers(1, 2))
def test_whatever_is_finite_gives_numbers_of_moderate_size(table: Array, rows: int, columns: int) -> None:
    features, target = np.zeros((1, 6, 10)), table[None, :, 2]
    features[0, :, :2] = table[:, :2]
    with np.errstate(all="raise", under="ignore"):
        inputs = prepare(features, target, np.array([rows]), np.array([columns]))
    for part in inputs:
        assert np.isfinite(part).all()
        assert np.abs(part).max() < 200.0


def test_a_batch_is_its_tables_one_by_one() -> None:
    features, target = tables(4, 16, 5)
    rows, columns = np.array([16, 4, 9, 13]), np.array([5, 1, 3, 5])
    together = prepare(features, target, rows, columns)
    for b in range(4):
        alone = prepare(
            features[b : b + 1, : rows[b]], target[b : b + 1, : rows[b]], rows[b : b + 1], columns[b : b + 1]
        )
        assert np.allclose(together.points[b, : rows[b]], alone.points[0], atol=2e-4)
        assert not together.points[b, rows[b] :].any()
        assert np.allclose(together.columns[b], alone.columns[0], atol=2e-4)
        assert np.allclose(together.pairs[b], alone.pairs[0], atol=2e-4)
        assert np.allclose(together.table[b], alone.table[0], atol=2e-4)


def test_many_tables_of_different_extent_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(5)
    features, target = tables(40, 500, 10)  # more rows than are looked at together
    rows, columns = rng.integers(4, 501, 40), rng.integers(1, 11, 40)
    together = prepare(features, target, rows, columns)
    for b in (0, 7, 23, 39):
        alone = prepare(
            features[b : b + 1, : rows[b], :], target[b : b + 1, : rows[b]], rows[[b]], columns[[b]]
        )
        assert np.allclose(together.points[b, : rows[b]], alone.points[0], atol=2e-4)
        assert np.allclose(together.columns[b], alone.columns[0], atol=2e-4)
        assert np.allclose(together.pairs[b], alone.pairs[0], atol=2e-4)
        assert np.allclose(together.table[b], alone.table[0], atol=2e-4)


def test_what_is_not_there_is_not_read() -> None:
    features, target = tables(1, 12, 3)
    clean = prepare(features, target, np.array([8]), np.array([3]))
    features[:, 8:], target[:, 8:], features[:, :, 3:] = 1e30, -1e30, 7.0
    dirty = prepare(features, target, np.array([8]), np.array([3]))
    for a, b in zip(clean, dirty, strict=True):
        assert np.array_equal(a, b)


def test_the_order_of_rows_changes_nothing_but_the_order_of_points() -> None:
    features, target = tables(1, 40, 4)
    order = np.random.default_rng(1).permutation(40)
    first, second = shown(features, target, 4), shown(features[:, order], target[:, order], 4)
    assert np.allclose(first.points[:, order], second.points, atol=1e-5)
    assert np.allclose(first.columns, second.columns, atol=1e-4)
    assert np.allclose(first.pairs, second.pairs, atol=1e-4)


def test_the_order_of_columns_changes_nothing_but_the_order() -> None:
    features, target = tables(1, 40, 10)
    order = np.random.default_rng(2).permutation(10)
    first, second = shown(features, target, 10), shown(features[:, :, order], target, 10)
    assert np.allclose(first.columns[:, order], second.columns, atol=1e-3)
    assert np.allclose(first.pairs[:, order][:, :, order], second.pairs, atol=1e-3)
    assert np.allclose(first.table, second.table, atol=1e-3)


@pytest.mark.parametrize("factor", [2.0**-900, 2.0**-3, 2.0**900])
def test_units_change_the_sizes_alone(factor: float) -> None:
    features, target = tables(1, 30, 3)
    first, second = shown(features, target, 3), shown(features * factor, target, 3)
    assert np.allclose(first.points, second.points, atol=1e-6)
    assert np.array_equal(first.pairs, second.pairs)
    # The size itself, and whether values are whole numbers, are the only facts that may differ.
    assert (~np.isclose(first.columns, second.columns, atol=1e-5)).any((0, 1)).sum() <= 2


def test_views_agree_with_slow_ones() -> None:
    features, target = tables(1, 25, 3)
    features[0, :, 1] = np.round(features[0, :, 1])  # ties
    seen = views(features, target, 3)
    for j, values in enumerate([features[0, :, 0], features[0, :, 1], features[0, :, 2]]):
        rank = rankdata(values)
        assert np.allclose(seen.rank[0, j], (rank - rank.mean()) / rank.std(), atol=1e-4)
        assert np.allclose(seen.standard[0, j], (values - values.mean()) / values.std(), atol=1e-5)
        assert seen.distinct[0, j] == pytest.approx(len(np.unique(values)) / 25)
        assert seen.size[0, j] == pytest.approx(np.log10(np.sqrt(np.mean(values**2))))
    assert np.allclose(seen.rank[0, -1], (rankdata(target[0]) - 13.0) / np.std(np.arange(25)), atol=1e-4)
    assert seen.whole[0, :3].tolist() == [0.0, 1.0, 0.0]


def test_correlations_agree_with_slow_ones() -> None:
    features, target = tables(1, 25, 2)
    found = shown(features, target, 2).columns[0, 0, 12:24].reshape(4, 3)
    x, y = features[0, :, 0], target[0]
    assert found[0, 0] == pytest.approx(pearsonr(x, y).statistic, abs=1e-5)
    assert found[1, 1] == pytest.approx(spearmanr(x, y).statistic, abs=1e-5)
    assert found[2, 2] == pytest.approx(pearsonr(np.log(np.abs(x)), np.log(np.abs(y))).statistic, abs=1e-5)
    assert found[3, 0] == pytest.approx(pearsonr((x - x.mean()) ** 2, y).statistic, abs=1e-5)


def test_a_column_that_does_not_vary_has_no_correlations() -> None:
    features, target = tables(1, 25, 2)
    features[0, :, 1] = 1e6 + 0.1
    columns = shown(features, target, 2).columns
    assert not columns[0, 1, 12:24].any()
    assert columns[0, 0, 12:24].any()


def test_products_are_told_from_sums() -> None:
    x = np.random.default_rng(0).uniform(1.0, 2.0, (1, 100, 10))
    product = shown(x, x[:, :, 0] * x[:, :, 1], 10).pairs[0]
    total = shown(x, x[:, :, 0] ** 2 + x[:, :, 1], 10).pairs[0]
    # What additive regressions leave of y and of log|y| goes with the product of two columns, or does not.
    assert abs(product[0, 1, 0]) > 0.3 > abs(total[0, 1, 0])
    assert abs(total[0, 1, 1]) > 0.3 > abs(product[0, 1, 1])


@pytest.mark.parametrize("function", [np.cos, np.square, np.exp, lambda x: np.sin(5.0 * x), np.sign])
def test_association_finds_the_column(function: "np.ufunc") -> None:
    rng = np.random.default_rng(3)
    features = rng.uniform(-2.0, 2.0, (300, 27))
    features[:, 4] = 1.0
    found = association(features, function(features[:, 17]))
    assert found.shape == (27,)
    assert found.argmax() == 17
    assert found[4] == 0.0
    assert np.delete(found, 17).max() < 0.5
