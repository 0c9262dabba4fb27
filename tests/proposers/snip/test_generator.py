import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.canonical import canonical
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.batch import Batch
from eqdisc.proposers.snip.excluded import plain_hashes
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings, table
from eqdisc.proposers.snip.generator.columns import Columns, sample
from eqdisc.proposers.snip.generator.stream import held_out
from eqdisc.proposers.snip.skeleton import plain, skeleton_of
from eqdisc.proposers.snip.vocabulary import LENGTH, decode, encode

ARRAYS = tuple(Batch.__dataclass_fields__)


@pytest.fixture(scope="module")
def made():
    """A batch and its laws."""
    return Generator(11).labelled_laws(300)


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)


def test_same_seed_same_batches_whatever_the_threads():
    def two(seed):
        generator = Generator(seed)
        return generator.batch(40, rows=32), generator.batch(40)

    expected = two(3)
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(two, [3, 3]):
            assert same(found[0], expected[0])
            assert same(found[1], expected[1])
    assert not same(expected[0], Generator(4).batch(40, rows=32))


def test_workers_have_streams_of_their_own():
    seeds = np.random.SeedSequence(5).spawn(2)
    one, other = (Generator(seed).batch(20, rows=16) for seed in seeds)
    assert not np.array_equal(one.keys, other.keys)
    assert same(one, Generator(np.random.SeedSequence(5).spawn(2)[0]).batch(20, rows=16))


def test_shapes_and_padding(made):
    batch, laws = made
    rows = batch.rows.max()
    assert batch.features.shape == (300, rows, 10)
    assert batch.target.shape == (300, rows)
    assert batch.tokens.shape == (300, LENGTH)
    assert batch.tokens.dtype == np.int16
    assert len(batch) == len(laws) == 300
    assert batch.rows.min() >= 16
    assert rows <= 512
    for k in range(300):
        assert not batch.features[k, batch.rows[k] :].any()
        assert not batch.features[k, :, batch.columns[k] :].any()
        assert not batch.target[k, batch.rows[k] :].any()
    fixed = Generator(1).batch(5, rows=700)
    assert fixed.rows.tolist() == [700] * 5


def test_values_are_those_of_the_law(made):
    batch, laws = made
    assert np.isfinite(batch.features).all()
    assert np.isfinite(batch.target).all()
    for k, law in enumerate(laws):
        n = batch.rows[k]
        truth = evaluate(law, batch.features[k, :n])
        error = batch.target[k, :n] - truth
        spread = truth.std()
        assert spread > 0.0
        if batch.noise[k] == 0.0:
            assert np.abs(error).max() <= 1e-8 * np.abs(truth).max()
        elif n > 100:
            assert 0.7 < error.std() / (batch.noise[k] * spread) < 1.3


def test_some_tables_have_noise_and_some_none(made):
    noise = made[0].noise
    assert 0.35 < (noise == 0.0).mean() < 0.65
    assert noise[noise > 0.0].min() >= 0.001
    assert noise.max() <= 0.1


def test_tokens_and_labels_are_those_of_the_law(made):
    batch, laws = made
    for k, law in enumerate(laws):
        tokens = encode(law)
        assert batch.tokens[k, : len(tokens)].tolist() == tokens
        assert not batch.tokens[k, len(tokens) :].any()
        assert np.flatnonzero(batch.relevant[k]).tolist() == list(law.features)
        assert batch.size[k] == law.size
        assert 0.0 not in law.constants  # no hole is left
        assert (np.flatnonzero(batch.operators[k]) + 2).tolist() == sorted({c for c in law.codes if c >= 2})
        assert batch.periodic[k].tolist() == [j in waving(law) for j in range(10)]
        assert batch.pairs[k].sum() == len(law.features) * (len(law.features) - 1)
        assert canonical(decode(tokens)) == decode(tokens)


def waving(law):
    """Inputs inside a sine, cosine or tangent, by looking at every subtree."""
    waves = {parse(f"{name}(x)", ["x"]).root for name in ("sin", "cos", "tan")}
    return {j for i, code in enumerate(law.codes) if code in waves for j in law.subtree(i).features}


@pytest.mark.parametrize(
    ("text", "outer"),
    [
        ("x0*x1", "none"),
        ("2*log(x0 + x1) - 3", "log"),
        ("log10(x0)/3", "log"),
        ("4 - exp(x0*x1)", "exp"),
        ("x0*exp(x1)", "none"),
        ("-sqrt(x0 + x1)*2", "sqrt"),
        ("(x0 + x1)**2/5 + 1", "square"),
        ("3/(x0 + x1) + 2", "inverse"),
        ("1/x0", "inverse"),
        ("x0/x1", "none"),
        ("min(x0, 3)", "none"),
        ("where(x0, 2, 3)", "none"),
    ],
)
def test_the_outermost_function(text, outer):
    from eqdisc.engine.programs import Programs
    from eqdisc.proposers.snip.batch import OUTER
    from eqdisc.proposers.snip.generator.tables import described

    found = described(Programs.pack([parse(text, ["x0", "x1"])]))
    assert OUTER[found.outer[0]] == outer


def test_skeletons_are_new_but_for_the_share_that_is_made_again(made):
    batch, _ = made
    assert 0.1 < 1.0 - len(np.unique(batch.keys)) / 300 <= 0.2 + 1e-9
    generator = Generator(6, GeneratorSettings(reused=0.0))
    keys = np.concatenate([generator.batch(100, rows=16).keys for _ in range(2)])
    assert len(np.unique(keys)) == 200


def test_a_skeleton_made_again_has_new_constants_and_inputs(made):
    batch, laws = made
    twice = [np.flatnonzero(batch.keys == key) for key in np.unique(batch.keys)]
    twice = [places for places in twice if len(places) > 1]
    assert any(laws[a] != laws[b] for a, b, *_ in twice)
    for a, b, *_ in twice:
        assert not np.array_equal(batch.target[a, :16], batch.target[b, :16])


def test_laws_are_simple_more_often_than_not(made):
    batch, _ = made
    assert 7 <= np.median(batch.size) <= 12
    assert (batch.relevant.sum(axis=1) <= 3).mean() > 0.5
    assert (batch.columns > batch.relevant.sum(axis=1)).mean() > 0.25


@pytest.mark.slow
def test_all_operators_are_made():
    generator = Generator(0)
    found = sum(generator.batch(2000, rows=16).operators.sum(axis=0) for _ in range(3))
    assert (found > 5).all()
    assert found[:7].max() == found.max()


def test_only_the_operators_of_the_settings():
    settings = GeneratorSettings(functions={"sin": 1.0}, joints={"mul": 1.0, "+": 2.0})
    assert settings.joints["add"] == 2.0
    batch = Generator(2, settings).batch(200, rows=16)
    never = ["log", "max", "tanh", "floor", "atan2"]
    from eqdisc.expr.operators import code_of

    assert not batch.operators[:, [code_of(name) - 2 for name in never]].any()
    assert batch.operators[:, code_of("sin") - 2].any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"inputs": ()}, "inputs are"),
        ({"inputs": (0.0,)}, "inputs are"),
        ({"inputs": (1.0,) * 11}, "inputs are"),
        ({"applied": 1.5}, "applied is 1.5"),
        ({"most_columns": 11}, "most_columns is 11"),
        ({"tokens": 30}, "tokens is 30"),
        ({"tokens": 20}, "tokens is 20"),
        ({"rows": (2, 5)}, "rows are"),
        ({"noise": (0.0, 0.1)}, "noise is"),
        ({"functions": {"add": 1.0}}, "functions are"),
        ({"joints": {"sinn": 1.0}}, "unknown operator"),
    ],
)
def test_impossible_settings_are_refused(wrong, message):
    with pytest.raises(OptionError, match=message):
        GeneratorSettings(**wrong)


def test_settings_go_to_another_process():
    settings = GeneratorSettings(applied=0.3)
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_impossible_batches_are_refused():
    with pytest.raises(OptionError, match="0 tables"):
        Generator(0).batch(0)
    # Eleven leaves take more than nineteen tokens.
    narrow = GeneratorSettings(inputs=(0.0,) * 9 + (1.0,), repeated=1.0, joints={"atan2": 1.0}, tokens=21)
    with pytest.raises(OptionError, match="too few laws"):
        Generator(0, narrow).batch(1, rows=4)


def test_where_there_are_few_laws_they_are_made_again():
    settings = GeneratorSettings(inputs=(1.0,), most_columns=1, functions={"sin": 1.0}, applied=0.0)
    assert len(Generator(0, settings).batch(200, rows=8)) == 200


def test_laws_go_with_their_tables():
    for law in Generator(8).laws(20):
        try:
            features, target = table(law, np.random.default_rng(0), rows=30)
        except DataError:  # its constants fit no range tried
            continue
        assert features.shape == (30, max(law.features) + 1)
        np.testing.assert_allclose(target, evaluate(law, features), rtol=1e-8)


def test_rows_outside_the_domain_are_drawn_again():
    law = parse("sqrt(x0 - x1) + log(x2)", ["x0", "x1", "x2"])
    features, target = table(law, np.random.default_rng(1), rows=200, columns=5)
    assert features.shape == (200, 5)
    assert np.isfinite(target).all()
    assert (features[:, 0] >= features[:, 1]).all()


@pytest.mark.parametrize("text", ["log(-1 - x0**2)", "x0*0 + 3", "exp(exp(exp(exp(99 + x0**2))))"])
def test_a_law_without_values_has_no_table(text):
    with pytest.raises(DataError, match="no table of"):
        table(parse(text, ["x0"]), np.random.default_rng(0))


def test_a_table_has_the_columns_of_its_law():
    with pytest.raises(DataError, match="the law uses 5"):
        table(Expression.variable(4), np.random.default_rng(0), columns=3)


@pytest.mark.parametrize("kind", range(6))
def test_inputs_stay_in_their_range(kind):
    columns = Columns(
        np.full((1, 2), kind), np.array([[1.0, 2.0]]), np.array([[3.0, 40.0]]), np.zeros((1, 2), int)
    )
    values = sample(columns, 500, np.random.default_rng(kind))
    assert values.shape == (1, 2, 500)
    assert (values[0, 0] >= 1.0).all()
    assert (values[0, 0] <= 3.0 + 1e-12).all()
    assert np.ptp(values[0, 1]) > 10.0


def plain_hashes_of(laws):
    """By the number of nodes in plain form."""
    nodes = [skeleton_of(law) for law in laws]
    sizes = [len(plain(node).codes) for node in nodes]
    hashes = plain_hashes(nodes).tolist()
    return {size: {h for h, s in zip(hashes, sizes, strict=True) if s == size} for size in sorted(set(sizes))}


@pytest.mark.parametrize("part", ["training", "held out"])
def test_skeletons_that_are_held_out_are_never_trained_on(part):
    """Whatever slope, intercept and numbering of the inputs; but of five nodes or less all are trained on."""
    few = {"inputs": (1.0, 1.0), "dummies": 0.0, "tokens": 9}
    laws = Generator(0, GeneratorSettings(**few, part=part)).laws(600 if part == "training" else 40)
    assert held_out([skeleton_of(law) for law in laws]).all() == (part == "held out")
    other = "training" if part == "held out" else "held out"
    others = Generator(1, GeneratorSettings(**few, part=other)).laws(40 if part == "training" else 600)
    mine, theirs = plain_hashes_of(laws), plain_hashes_of(others)
    assert not set().union(*mine.values()) & set().union(*theirs.values())
    assert (min(mine) <= 5) == (part == "training")


@pytest.mark.parametrize("seed", range(3))
def test_held_out_is_decided_without_slope_intercept_and_names(seed):
    laws = Generator(seed).laws(150)
    nodes = [skeleton_of(law) for law in laws]
    expected = held_out(nodes)
    rng = np.random.default_rng(seed)
    renamed = [law.remap_features(dict(enumerate(rng.permutation(10).tolist()))) for law in laws]
    for variants in (renamed, [3.0 * law for law in renamed], [law + 1.0 for law in laws]):
        others = [skeleton_of(law) for law in variants]
        np.testing.assert_array_equal(plain_hashes(others) % 32, plain_hashes(nodes) % 32)
        np.testing.assert_array_equal(held_out(others), expected)
    formula = parse("x0*sin(2*x1)/x2", ["x0", "x1", "x2"])
    forms = [formula, formula.remap_features({0: 1, 1: 0}), 3.0 * formula, formula + 1.0, 2.0 - formula]
    assert len(set(plain_hashes([skeleton_of(form) for form in forms]).tolist())) == 1


def test_some_skeletons_are_held_out():
    laws = Generator(5, GeneratorSettings(reused=0.0)).laws(1500)
    assert 0.01 < held_out([skeleton_of(law) for law in laws]).mean() < 0.05
