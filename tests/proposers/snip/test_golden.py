"""The network in NumPy gives what PyTorch gave (`reference` writes the kept files); no PyTorch is needed."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from eqdisc.proposers.snip import weights
from eqdisc.proposers.snip.decoder import _State
from eqdisc.proposers.snip.layers import sigmoid, softmax, unit
from eqdisc.proposers.snip.network import Network
from tests.proposers.snip.reference import SIZES, TOKENS, TOLD, WEIGHTS, inputs

Told = Mapping[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(weights.read(WEIGHTS))


@pytest.fixture(scope="module")
def told() -> Told:
    with np.load(TOLD) as file:
        return dict(file)


def test_sizes_are_those_kept(network: Network) -> None:
    assert network.sizes == SIZES


def test_latents_and_embeddings_of_tables(network: Network, told: Told) -> None:
    latents = network.latents(inputs())
    assert np.allclose(latents, told["latents"], atol=1e-5)
    assert np.allclose(unit(network._layers.linear("embed", latents[:, -1])), told["tables"], atol=1e-5)


def test_statements(network: Network, told: Told) -> None:
    latents = told["latents"]
    for b in range(2):
        operators, size, outer = network._whole(latents[b : b + 1, -1])
        assert np.allclose(operators, sigmoid(told["operators"][b]), atol=1e-5)
        assert np.allclose(size, softmax(told["size"][b]), atol=1e-5)
        assert np.allclose(outer, softmax(told["outer"][b]), atol=1e-5)
        columns, pairs = network._parts(latents[b : b + 1, -11:-1], inputs().pairs[b : b + 1])
        assert np.allclose(columns, sigmoid(told["columns"][b]), atol=1e-5)
        assert np.allclose(pairs, sigmoid(told["pairs"][b]), atol=1e-5)


def test_embeddings_of_skeletons(network: Network, told: Told) -> None:
    assert np.allclose(network._symbols(TOKENS), told["symbols"], atol=1e-5)


def test_logits_of_the_decoder(network: Network, told: Told) -> None:
    state = _State(network._layers, told["latents"], [1, 1])
    for t in range(TOKENS.shape[1]):
        assert np.allclose(state.advance(TOKENS[:, t], t), told["logits"][:, t], atol=1e-5)
