"""The bank comes back from its file, says what is wrong with one, and lays its skeletons on columns."""

import importlib.util
import os
import sys
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError, WeightsError
from eqdisc.expr.canonical import canonical, skeleton
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.bank import Bank, body, digest_of, renumbered
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.laying import layings, log_chance, looks
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.retrieval import View, nearest
from tests.proposers.snip.small import NAMES, SKELETONS, small_bank


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "bank.npz"
    small_bank("some weights").write(path)
    return path


def test_a_bank_comes_back_from_its_file(written):
    bank, again = small_bank("some weights"), Bank.read(written)
    assert len(again) == len(SKELETONS)
    assert again.weights == "some weights"
    assert [again.expression(k, (0, 1, 2)) for k in range(len(again))] == [
        parse(text, NAMES) for text in SKELETONS
    ]
    np.testing.assert_array_equal(again.counts, bank.counts)
    np.testing.assert_allclose(again.embeddings, bank.embeddings, atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(again.embeddings, axis=1), 1.0, rtol=1e-6)
    assert [path.name for path in written.parent.iterdir()] == ["bank.npz"]


def test_skeletons_know_their_inputs_and_constants():
    bank = small_bank()
    laws = [parse(text, NAMES) for text in SKELETONS]
    assert bank.inputs.tolist() == [len(law.features) for law in laws]
    assert bank.holes.tolist() == [len(law.constants) for law in laws]
    shares = bank.containing()
    met = sum(count for count, law in zip(bank.counts, laws, strict=True) if "exp" in str(law))
    assert shares["exp"] == pytest.approx(met / bank.counts.sum())
    assert shares["floor"] == 0.0


def test_taken_programs_have_the_values_of_their_skeletons():
    bank, places = small_bank(), np.array([7, 0, 20])
    features = np.random.default_rng(0).uniform(1.0, 2.0, (9, 3))
    wanted = [evaluate(bank.expression(int(k), (0, 1, 2)), features) for k in places]
    np.testing.assert_allclose(predict_programs(bank.take(places), features), wanted, rtol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_bank_is_refused(written, share):
    written.write_bytes(written.read_bytes()[: int(share * written.stat().st_size)])
    with pytest.raises(WeightsError, match="no bank of skeletons, or a damaged one"):
        Bank.read(written)


def test_a_missing_bank_and_one_of_other_weights_or_of_a_newer_format_are_refused(written, tmp_path):
    with pytest.raises(WeightsError, match="there is no bank"):
        Bank.read(tmp_path / "none.npz")
    with pytest.raises(WeightsError, match=r"made with the weights some weights, those in use are others"):
        Bank.read(written).check("others")
    with np.load(written) as file:
        arrays = dict(file)
    arrays["header"] = np.frombuffer(arrays["header"].tobytes().replace(b'"format": 1', b'"format": 2'), "u1")
    np.savez(tmp_path / "newer.npz", **arrays)
    with pytest.raises(WeightsError, match="has format 2, this version of eqdisc reads 1"):
        Bank.read(tmp_path / "newer.npz")
    words = arrays["header"].tobytes().replace(b'"format": 2', b'"format": 1').replace(b'"sin"', b'"sln"')
    np.savez(tmp_path / "other.npz", **{**arrays, "header": np.frombuffer(words, "u1")})
    with pytest.raises(WeightsError, match="sln"):
        Bank.read(tmp_path / "other.npz")


def test_a_bank_whose_skeletons_are_no_formulas_is_refused(written, tmp_path):
    with np.load(written) as file:
        arrays = dict(file)
    arrays["tokens"] = arrays["tokens"][::-1]
    np.savez(tmp_path / "mixed.npz", **arrays)
    with pytest.raises(WeightsError, match="a skeleton is no formula"):
        Bank.read(tmp_path / "mixed.npz")


def test_a_bank_that_changed_on_disk_is_read_again(written):
    assert len(Bank.read(written)) == len(SKELETONS)
    Bank.of([Expression.variable(0)], [1], np.ones((1, 4)), "new").write(written)
    assert Bank.read(written).weights == "new"
    time, size = written.stat().st_mtime_ns, written.stat().st_size
    Bank.of([Expression.variable(0)], [1], np.ones((1, 4)), "two").write(written)
    os.utime(written, ns=(time, time))
    assert written.stat().st_size == size
    assert Bank.read(written).weights == "two"
    assert Bank.read(written) is Bank.read(written)
    assert digest_of(written) != digest_of(Path(__file__))
    with pytest.raises(DataError, match="cannot be written"):
        small_bank().write(written / "within" / "bank.npz")


numbers = st.floats(0.1, 9.0)


@given(st.sampled_from(SKELETONS), numbers, numbers)
def test_slope_and_intercept_are_left_out(text, slope, intercept):
    law = parse(text, NAMES)
    bare = body(law)
    for dressed in (slope * law + intercept, intercept - law / slope, -(law * slope)):
        assert body(dressed) == bare
    assert skeleton(renumbered(renumbered(bare))) == skeleton(renumbered(bare))


def test_skeletons_that_were_never_met_are_refused(written):
    with pytest.raises(OptionError, match="was met 0 times; wanted 1 or more"):
        Bank.of([parse(SKELETONS[0], NAMES)], [0], np.ones((1, 2)), "none")
    with np.load(written) as file:
        arrays = dict(file)
    np.savez(written, **{**arrays, "counts": 0 * arrays["counts"]})
    with pytest.raises(WeightsError, match="a skeleton that was never met"):
        Bank.read(written)


def test_the_nearest_skeleton_is_the_one_at_the_place():
    bank = small_bank()
    places = np.arange(len(bank))
    cosines = bank.cosines(3.0 * bank.embeddings[5], places)
    assert np.argmax(cosines) == 5
    assert cosines[5] == pytest.approx(1.0, abs=1e-6)
    assert np.max(np.abs(bank.misplaced(8).cosines(np.ones(8), places))) <= 1.0 + 1e-6


# ------------------------------------------------------------------ columns


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9), st.integers(1, 5), st.integers(1, 40))
def test_layings_are_different_orders_of_likely_columns(chances, inputs, most):
    found = layings(chances, inputs, most)
    assert len(found) == len(set(found)) <= most
    assert all(len(set(order)) == len(order) == inputs for order in found)
    assert (found == ()) == (inputs > len(chances))
    if found:
        best = sorted(chances, reverse=True)[:inputs]
        assert np.isclose(sum(chances[j] for j in found[0]), sum(best), atol=2e-3 * inputs)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12), st.integers(1, 40))
def test_looks_begin_with_the_likeliest_set_and_leave_out_unlikely_ones(chances, most):
    found = looks(chances, most)
    assert 1 <= len(found) == len(set(found)) <= most
    assert all(len(set(order)) == len(order) for order in found)
    likely = [log_chance(chances, columns) for columns in found]
    np.testing.assert_allclose(likely, sorted(likely, reverse=True), rtol=1e-9)
    assert min(likely) >= max(likely) - np.log(100.0) - 1e-9


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=8))
def test_the_chances_of_all_sets_of_columns_add_up_to_one(chances):
    columns = range(len(chances))
    sets = [chosen for size in range(len(chances) + 1) for chosen in combinations(columns, size)]
    assert sum(np.exp(log_chance(chances, chosen)) for chosen in sets) == pytest.approx(1.0)


def test_a_set_of_columns_is_tried_in_all_its_orders_before_another():
    assert looks((0.95, 0.1, 0.9, 0.2), 24)[:2] == ((0, 2), (2, 0))
    assert layings((0.95, 0.1, 0.9, 0.2), 2, 4) == ((0, 2), (2, 0), (0, 3), (3, 0))
    assert set(looks((0.999,) * 4, 24)) == set(permutations(range(4)))
    assert set(looks((0.999,) * 4, 24, {2})) == set(permutations(range(4), 2))


def test_where_columns_are_doubtful_many_sets_are_looked_at():
    found = looks((0.6,) * 4, 24)
    assert {frozenset(order) for order in found} > {frozenset(s) for s in combinations(range(4), 3)}
    assert len(found[0]) == 4
    assert {2, 3, 4} <= {len(order) for order in found}


@pytest.mark.parametrize("count", [5, 6])
def test_orders_of_many_columns_are_spread(count):
    """Every column leads some order, and stands in most places of some."""
    found = looks((0.999,) * count, 24)
    assert len(found) == 24
    assert found == looks((0.999,) * count, 24)
    assert {len(order) for order in found} == {count}
    assert found[0] == tuple(range(count))
    for column in range(count):
        assert len({order.index(column) for order in found}) == count


@pytest.mark.parametrize("temperature", [0.01, 0.1])
def test_skeletons_are_retrieved_by_place_frequency_and_columns(temperature):
    """As a slow count of the same: Bayes' rule in units of the cosine."""
    bank = small_bank()
    rng = np.random.default_rng(0)
    chances = (0.9, 0.4, 0.97)
    views = [View(c, log_chance(chances, c), rng.standard_normal(64)) for c in looks(chances, 9)]
    found = nearest(bank, views, np.arange(len(bank)), temperature, 5)
    assert [near.likeness for near in found] == sorted((near.likeness for near in found), reverse=True)
    slow = {}
    for view in views:
        for place in range(len(bank)):
            if bank.inputs[place] == len(view.columns):
                cosine = bank.embeddings[place] @ view.embedding / np.linalg.norm(view.embedding)
                met = np.log(bank.counts[place] / bank.counts.max())
                law = canonical(bank.expression(place, view.columns))
                likeness = cosine + temperature * (met + view.log_chance)
                slow[law] = max(slow.get(law, -np.inf), likeness)
    best = sorted(slow.values(), reverse=True)[:5]
    np.testing.assert_allclose([near.likeness for near in found], best, rtol=1e-5)
    np.testing.assert_allclose([slow[canonical(near.skeleton)] for near in found], best, rtol=1e-5)


# ------------------------------------------------------------------ the script that makes one


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[3] / "benchmarks" / "snip" / "bank.py"
    spec = importlib.util.spec_from_file_location("snip_bank_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_bank_is_made_of_the_most_frequent_skeletons_and_of_none_excluded(script):
    x, y, z = map(Expression.variable, range(3))
    laws = [x / y, 3.0 * (z / x) - 1.0, y / (x + 2.5), 4.0 * z / (y + 1.0), y / (x + 9.0), x * x]
    whole = script.make_bank(Network.random(0), "w", laws, 10, None)
    assert whole.counts.tolist() == [3, 2, 1]
    assert [str(whole.expression(k, (0, 1))) for k in (1, 2)] == ["x0/x1", "x0**2"]
    assert script.make_bank(Network.random(0), "w", laws, 1, None).counts.tolist() == [3]
    laws += [x / (y + z * z), 2.0 * y / (x * x + z)]
    assert 3 in script.make_bank(Network.random(0), "w", laws, 10, None).inputs
    excluded = Excluded.of([x / (z + y * y)])
    less = script.make_bank(Network.random(0), "w", laws, 10, excluded)
    assert less.counts.tolist() == [3, 2, 1]
    assert 3 not in less.inputs
    vector = Network.random(0).embed_expressions([x / y])[0]
    np.testing.assert_allclose(less.embeddings[1], vector / np.linalg.norm(vector), atol=1e-5)


def test_laws_for_a_bank_repeat(script):
    assert list(script.drawn(3, 6, None)) == list(script.drawn(3, 6, None))
