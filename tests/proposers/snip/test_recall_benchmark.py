"""How retrieval, decoder and heads are measured: all ways by the same rules, nothing by its prior."""

from dataclasses import fields, replace

import numpy as np
import pytest

from benchmarks.snip import recall
from benchmarks.snip.distinct import distinct
from benchmarks.snip.recall import (
    Candidates,
    candidates_of,
    correlation,
    decoding,
    heads,
    ranked,
    unexplained,
)
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.batch import OUTER, Batch
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.look import Look
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.vocabulary import decode, encode, keys_of, padded

NAMES = [f"x{j}" for j in range(10)]
LAWS = ["x0*x1", "x0 + x9", "sin(x1)/x0", "log(x0 - 5)", "x2**2", "exp(x0)*x1", "x0/x1 + x2"]


@pytest.fixture(scope="module")
def network():
    return Network.random(0)


@pytest.fixture(scope="module")
def tables():
    return distinct(Generator(17, GeneratorSettings(reused=0.0)), 16, 128)[0]


@pytest.fixture
def candidates():
    trees = [parse(text, NAMES) for text in LAWS]
    return Candidates(trees, [encode(tree) for tree in trees], np.zeros((len(trees), 4)))


def test_the_same_laws_compete_in_all_ways(candidates):
    rng = np.random.default_rng(0)
    among = candidates.competing(2)
    assert [text for text, competes in zip(LAWS, among, strict=True) if competes] == [
        "x0*x1",
        "sin(x1)/x0",
        "log(x0 - 5)",
        "exp(x0)*x1",
    ]
    scores = rng.normal(size=(3, len(LAWS))) + 100.0 * ~among
    scores[1, ~among] = np.nan
    scores[1, 3] = np.nan
    found = ranked(dict(zip(("embedding", "correlation", "other"), scores, strict=True)), among, rng)
    assert list(found) == ["embedding", "correlation", "both", "other"]
    for places in found.values():
        assert sorted(places) == list(range(len(LAWS)))
        assert set(places[among]) == set(range(among.sum()))
    assert found["correlation"][3] == among.sum() - 1
    better = np.minimum(found["embedding"], found["correlation"])[among]
    assert np.all(np.diff(better[np.argsort(found["both"][among])]) >= 0)


def test_correlation_is_of_laws_that_the_table_has_the_inputs_of(candidates):
    rng = np.random.default_rng(1)
    features, target = rng.uniform(1.0, 2.0, (40, 2)), rng.normal(size=40)
    among = candidates.competing(2)
    found = correlation(candidates, among, features, target)
    for tree, value, competes in zip(candidates.trees, found, among, strict=True):
        if not competes:
            assert np.isnan(value)
            continue
        with np.errstate(all="ignore"):
            values = evaluate(tree, features)
        wanted = np.corrcoef(values, target)[0, 1] ** 2 if np.isfinite(values).all() else 0.0
        assert value == pytest.approx(wanted, abs=1e-12)


def test_no_other_candidate_has_the_skeleton_of_a_table(network, tables):
    # As many others are drawn as there are tables, by a generator of their seed: they are the tables' laws.
    few = Batch(**{field.name: getattr(tables, field.name)[:10] for field in fields(Batch)})
    found = candidates_of(network, 10 + len(tables), few, None)
    keys = keys_of(padded(found.tokens))
    np.testing.assert_array_equal(keys, tables.keys)
    assert [encode(tree) for tree in found.trees] == found.tokens
    assert len(found.embeddings) == len(keys)
    for place, columns in enumerate(few.columns.tolist()):
        assert found.competing(columns)[place]


def test_a_fit_is_judged_at_its_optimum():
    features = np.random.default_rng(2).uniform(0.5, 3.0, (128, 2))
    law = parse("2.7*x1/(x0**2 + 1.9) - 0.4", NAMES)
    skeletons = [decode(encode(law)), parse("x0*x1", NAMES)]
    assert unexplained(features, evaluate(law, features), skeletons) < 1e-25
    assert unexplained(features, evaluate(law, features), skeletons[1:]) > 1e-2
    assert unexplained(features, evaluate(law, features), []) == np.inf


class Teller:
    """In place of a network: draws the law itself."""

    def sample(self, look, count, rng):
        return [look] * count


def test_what_has_noise_is_not_asked_to_be_exact(monkeypatch, tables):
    monkeypatch.setattr(recall, "SAMPLES", (1,))
    features = tables.features[:4].copy()
    features[:, :, 0] = np.random.default_rng(4).uniform(1.0, 2.0, 128)
    law = parse("x0**2", NAMES)
    noise = np.array([0.0, 0.05, 0.0, 0.05])
    shaken = noise[:, None] * np.random.default_rng(3).normal(size=(4, 128))
    target = features[:, :, 0] ** 2 + shaken
    target[2] = np.sin(40.0 * features[2, :, 0])
    facts = {"features": features, "target": target, "noise": noise, "columns": np.ones(4, int)}
    facts |= {name: getattr(tables, name)[:4] for name in ("rows", "keys")}
    told = decoding(Teller(), replace(tables, **facts), [law] * 4).splitlines()
    assert "exact after fitting, of 2 without noise %" in told[0]
    assert told[2] == "| 1 | 0.0 | 50.0 | 75.0 |"


def test_a_head_that_tells_frequencies_only_tells_nothing(tables):
    half, pairs = np.full(10, 0.5), np.full((10, 10), 0.5)
    outer = dict(zip(OUTER, (0.85, *[0.03] * 5), strict=True))
    operators = dict.fromkeys((row.name for row in OPERATORS), 0.5)
    look = Look(np.zeros(4), np.zeros(1), (), half, half, pairs, pairs, operators, outer, 9.0)
    kinds = np.arange(16) % 2 * (1 + np.arange(16) % 4)  # 0, 2, 0, 4, ...
    told = heads(replace(tables, outer=kinds.astype(int)), [look] * 16)
    rows = [line for line in told.splitlines() if line.startswith("| outer")]
    assert rows == []
    told = heads(replace(tables, outer=np.arange(16) % 3), [look] * 16)
    rows = [line.split(" | ") for line in told.splitlines() if line.startswith("| outer")]
    assert [row[0] for row in rows] == [f"| outer {OUTER[1]}", f"| outer {OUTER[2]}"]
    assert [row[3] for row in rows] == ["0.50", "0.50"]
    assert "Outermost function: right for 38 %, for 38 % if it is always none." in told
