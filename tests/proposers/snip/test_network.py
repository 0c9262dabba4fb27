"""The network as it is used."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eqdisc.errors import DataError, OptionError, WeightsError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip import knowledge, weights
from eqdisc.proposers.snip.architecture import initial
from eqdisc.proposers.snip.decoder import _State, draw, usable
from eqdisc.proposers.snip.knowledge import network_and_digest
from eqdisc.proposers.snip.layers import Layers, attention, joined
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.vocabulary import BEGIN, END, LENGTH, decode

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.random(0)


def table(rows: int, columns: int, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    features = rng.uniform(1.0, 3.0, (rows, columns))
    return features, features[:, 0] * np.sin(3.0 * features[:, -1])


def test_what_is_told_of_a_table(network: Network) -> None:
    look = network.look(*table(60, 3))
    assert look.embedding.shape == (64,)
    assert np.linalg.norm(look.embedding) == pytest.approx(1.0, abs=1e-5)
    assert look.latents.shape == (1, 16 + 10 + 1, 128)
    assert look.columns == (0, 1, 2)
    assert look.relevance.shape == look.periodic.shape == (3,)
    for pairs in (look.additive, look.multiplicative):
        assert np.array_equal(pairs, pairs.T, equal_nan=True)
        assert np.isnan(pairs).tolist() == np.eye(3, dtype=bool).tolist()
    assert list(look.operators) == [row.name for row in OPERATORS]
    assert sum(look.outer.values()) == pytest.approx(1.0, abs=1e-5)
    chances = [*look.operators.values(), *look.relevance, *look.periodic, *look.outer.values()]
    assert all(0.0 < chance < 1.0 for chance in chances)
    assert 0.0 < look.size < LENGTH


@pytest.mark.parametrize("rows", [4, 100, 700])
def test_the_order_of_rows_does_not_matter(rows: int, network: Network) -> None:
    features, target = table(rows, 4)
    features[:, 1] = np.round(features[:, 1])  # ties
    order = np.random.default_rng(5).permutation(rows)
    first, second = network.look(features, target), network.look(features[order], target[order])
    assert np.array_equal(first.embedding, second.embedding)
    assert np.array_equal(first.relevance, second.relevance)
    assert np.array_equal(first.latents, second.latents)


BAGS = [(128, 4, 1), (150, 4, 1), (200, 4, 2), (5000, 4, 4), (5000, 1, 1)]


@pytest.mark.parametrize(("rows", "bags", "wanted"), BAGS)
def test_bags_of_rows(rows: int, bags: int, wanted: int, network: Network) -> None:
    features, target = table(rows, 2)
    look = network.look(features, target, bags=bags)
    assert len(look.latents) == wanted
    assert np.linalg.norm(look.embedding) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(look.embedding, network.look(features, target, bags=bags).embedding)
    other = network.look(features, target, bags=bags, seed=1).embedding
    assert np.array_equal(look.embedding, other) is False or rows <= 128


def test_of_many_columns_the_ten_that_matter_are_looked_at(network: Network) -> None:
    features = np.random.default_rng(0).uniform(-1.0, 1.0, (400, 31))
    look = network.look(features, features[:, 23] ** 2 + np.cos(3.0 * features[:, 7]))
    assert len(look.columns) == 10
    assert {7, 23} < set(look.columns)
    assert list(look.columns) == sorted(look.columns)
    unseen = np.isin(np.arange(31), look.columns, invert=True)
    assert np.array_equal(np.isnan(look.relevance), unseen)
    assert np.isnan(look.additive[unseen]).all()
    assert np.isfinite(look.additive[look.columns[0], look.columns[1]])
    laws = network.sample(look, 60, np.random.default_rng(0))
    used = {feature for law in laws for feature in law.features}
    assert used <= set(look.columns)
    assert max(used) > 9


def test_bad_tables_are_refused(network: Network) -> None:
    features, target = table(20, 2)
    with pytest.raises(DataError, match="has 3 rows; the network needs at least 4"):
        network.look(features[:3], target[:3])
    for value in (np.nan, np.inf):
        bad = features.copy()
        bad[3, 1] = value
        with pytest.raises(DataError, match="not finite"):
            network.look(bad, target)
    with pytest.raises(DataError, match=r"features of shape \(20, 2\) and a target of shape \(19,\)"):
        network.look(features, target[:19])
    with pytest.raises(DataError, match=r"features of shape \(20, 0\)"):
        network.look(features[:, :0], target)
    with pytest.raises(OptionError, match="number of bags is 0"):
        network.look(features, target, bags=0)


def test_ugly_tables_are_looked_at(network: Network) -> None:
    features, target = table(30, 2)
    for factor in (0.0, 1e-300, 1e300):
        for look in (network.look(factor * features, target), network.look(features, factor * target)):
            assert np.isfinite(look.relevance).all()
            assert np.isfinite(look.embedding).all()


def test_tables_are_embedded_as_they_are_looked_at(network: Network) -> None:
    some = [table(20, 2), table(300, 5), table(9, 12)]
    found = network.embed_tables(some)
    for embedding, (features, target) in zip(found, some, strict=True):
        assert np.array_equal(embedding, network.look(features, target).embedding)
    assert network.embed_tables([]).shape == (0, 64)


def test_expressions_are_embedded_by_their_skeletons(network: Network) -> None:
    texts = ["2*x*sin(y)", "x + y", "x", "-7*sin(y)*x", "exp(x/y) - 3*log(y)**2"]
    expressions = [parse(text, ["x", "y"]) for text in texts]
    found = network.embed_expressions(expressions)
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(found[0], found[3])
    for k, expression in enumerate(expressions):
        assert np.allclose(found[k], network.embed_expressions([expression])[0], atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 0.01
    assert network.embed_expressions([]).shape == (0, 64)


def test_what_has_no_tokens_has_no_embedding(network: Network) -> None:
    long = parse("sin(exp(" * 12 + "x" + "))" * 12, ["x"])
    far = Expression.variable(10)
    found = network.embed_expressions([long, Expression.variable(0), far])
    assert np.isnan(found[[0, 2]]).all()
    assert np.isfinite(found[1]).all()


def test_samples_are_valid_and_use_what_is_allowed(network: Network) -> None:
    look = network.look(*table(50, 2))
    laws = network.sample(look, 300, np.random.default_rng(0), 1.5, allowed=["+", "mul", "where", "sin"])
    assert len(laws) == 300
    names = {row.name for law in laws for row in (OPERATORS[code - 2] for code in law.codes if code > 1)}
    assert names == {"add", "mul", "where", "sin"}
    assert {feature for law in laws for feature in law.features} == {0, 1}
    assert max(law.size for law in laws) == LENGTH - 2
    assert all((law.constants == 1.0).all() for law in laws)
    leaves = network.sample(look, 20, np.random.default_rng(0), allowed=[])
    assert all(law.size == 1 for law in leaves)


def test_samples_follow_seed_temperature_and_latents(network: Network) -> None:
    look = network.look(*table(50, 3))
    draws = [network.sample(look, 40, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert len(set(network.sample(look, 40, np.random.default_rng(0), 0.0))) == 1
    cool, hot = (len(set(network.sample(look, 200, np.random.default_rng(0), t))) for t in (0.2, 2.0))
    assert cool < hot
    assert network.sample(look.latents, 5, np.random.default_rng(3)) == network.sample(
        look.latents[0], 5, np.random.default_rng(3)
    )
    assert network.sample(look, 0, np.random.default_rng(0)) == []
    with pytest.raises(OptionError, match="temperature is -1"):
        network.sample(look, 5, np.random.default_rng(0), -1.0)
    with pytest.raises(OptionError, match="unknown operator 'sine'"):
        network.sample(look, 5, np.random.default_rng(0), allowed=["sine"])


def slow_logits(
    layers: Layers, latents: NDArray[np.float32], tokens: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(L, vocabulary) logits after each of (L,) tokens, all tokens at once and nothing kept."""
    length = len(tokens)
    x = (layers.arrays["tokens"][tokens] + layers.arrays["positions"][:length])[None]
    causal = np.tril(np.ones((length, length), np.bool_))
    for i in range(layers.sizes.decoder):
        block = f"decoder.{i}"
        x = x + layers.linear(f"{block}.attended", joined(attention(*layers.qkv(block, x), causal)))
        x = x + layers.look(block, x, layers.memory(block, latents[None]))
        x = x + layers.feed(block, x)
    return layers.norm("decoder.norm", x[0]) @ layers.arrays["tokens"].T + layers.arrays["decoder.bias"]


def test_what_is_kept_between_tokens_gives_the_logits_of_all_at_once(network: Network) -> None:
    layers = network._layers
    latents = np.random.default_rng(0).normal(size=(2, 27, 128)).astype(np.float32)
    counts = [2, 3]
    drawn = draw(layers, latents, counts, usable(3, None), np.random.default_rng(1), 1.0)
    slow = [slow_logits(layers, latents[0 if s < 2 else 1], drawn[s, :-1]) for s in range(5)]
    state, left = _State(layers, latents, counts), np.arange(5)
    for t in range(6):
        found = state.advance(drawn[left, t], t)
        assert np.allclose(found, [slow[s][t] for s in left], atol=2e-4)
        if t in (1, 3):  # some are complete: the others must not notice
            gone = np.arange(len(left)) != 1
            state.keep(gone)
            left = left[gone]


def test_drawn_tokens_are_complete_sequences(network: Network) -> None:
    latents = np.random.default_rng(0).normal(size=(3, 27, 128)).astype(np.float32)
    drawn = draw(network._layers, latents, [40, 0, 40], usable(4, None), np.random.default_rng(2), 1.0)
    assert drawn.shape == (80, LENGTH)
    for sequence in drawn:
        end = sequence.tolist().index(END)
        assert sequence[0] == BEGIN
        assert not sequence[end + 1 :].any()
        assert decode(sequence.tolist()).size == end - 1


def test_likelier_tokens_are_drawn_more_often(network: Network) -> None:
    """The share of each first token is what the slow decoder says, within its error."""
    layers = network._layers
    latents = np.random.default_rng(0).normal(size=(1, 27, 128)).astype(np.float32)
    allowed = usable(3, ["add", "sin"])
    drawn = draw(layers, latents, [4000], allowed, np.random.default_rng(2), 1.0)[:, 1]
    logits = slow_logits(layers, latents[0], np.array([BEGIN]))[0]
    chances = np.where(allowed, np.exp(logits - logits.max()), 0.0)
    chances /= chances.sum()
    shares = np.bincount(drawn, minlength=len(chances)) / 4000
    assert np.abs(shares - chances).max() < 0.04


def test_the_shipped_network_is_read_once_or_says_why_not(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.npz"
    monkeypatch.setattr(knowledge, "WEIGHTS_FILE", path)
    with pytest.raises(WeightsError, match="there are no weights"):
        network_and_digest()
    arrays = initial(network.sizes, np.random.default_rng(0))
    path.write_bytes(weights.packed(arrays, network.sizes, {"trained": False}))
    shipped, digest = network_and_digest()
    assert network_and_digest()[0] is shipped
    features, target = table(30, 2)
    assert np.array_equal(shipped.look(features, target).embedding, network.look(features, target).embedding)
    time, other = path.stat().st_mtime_ns, {"trained": True, "more": "than before"}
    path.write_bytes(weights.packed(arrays, network.sizes, other))
    os.utime(path, ns=(time, time))
    assert network_and_digest()[1] != digest
