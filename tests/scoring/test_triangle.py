import numpy as np
import pytest

from eqdisc.scoring.triangle import CHUNK_ROWS, triangle


@pytest.mark.parametrize("n_columns", [1, 5, 40, CHUNK_ROWS + 3])
@pytest.mark.parametrize("n_rows", [0, 1, 4, CHUNK_ROWS, 2 * CHUNK_ROWS, 3000])
def test_factor_of_blocks_has_the_gram_matrix_of_the_whole(n_rows, n_columns):
    table = np.random.default_rng(n_rows).normal(size=(n_rows, n_columns))
    factor = np.zeros((0, n_columns))
    for block in np.array_split(table, 3):
        factor = triangle(factor, block)
    assert factor.shape == (min(n_rows, n_columns), n_columns)
    assert np.array_equal(factor, np.triu(factor))
    np.testing.assert_allclose(factor.T @ factor, table.T @ table, atol=1e-11 * max(n_rows, 1))


def test_nothing_is_squared():
    table = np.vander(np.linspace(0.0, 1.0, 5000), 9)
    singular = np.linalg.svd(triangle(np.zeros((0, 9)), table), compute_uv=False)
    np.testing.assert_allclose(singular, np.linalg.svd(table, compute_uv=False), rtol=1e-9)
