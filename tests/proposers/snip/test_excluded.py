from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings

from eqdisc.engine.programs import Programs
from eqdisc.errors import DataError
from eqdisc.expr.canonical import canonical
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.fingerprint import skeleton_hashes, value_hashes
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.skeleton import skeleton_of
from tests.strategies import ARITHMETIC_NAMES, expressions

X = [f"x{j}" for j in range(10)]


def formulas(*texts):
    return [parse(text, X) for text in texts]


def renumbered(e, order):
    return e.remap_features(dict(enumerate(order)))


@given(expressions())
@settings(max_examples=80, deadline=None)
def test_hashes_do_not_know_how_inputs_are_numbered(e):
    forms = [skeleton_of(renumbered(e, order)).expression() for order in permutations((0, 1, 2))]
    assert len(set(skeleton_hashes(Programs.pack(forms)).tolist())) == 1
    values = value_hashes(Programs.pack([renumbered(e, order) for order in permutations((3, 0, 6))]))
    assert len(set(values.tolist())) == 1


def test_skeleton_hashes_tell_apart_what_no_renumbering_makes_equal():
    laws = Generator(4, GeneratorSettings(inputs=(1.0, 2.0, 2.0), most_columns=3)).laws(300)
    nodes = [skeleton_of(law).expression() for law in laws]
    hashes = skeleton_hashes(Programs.pack(nodes)).tolist()
    orders = list(permutations((0, 1, 2)))
    slow = [min(canonical(renumbered(node, order)).__str__() for order in orders) for node in nodes]
    pairs = set(zip(slow, hashes, strict=True))
    assert len(pairs) == len(set(slow)) == len(set(hashes)) > 150


@given(expressions(names=ARITHMETIC_NAMES, max_leaves=5))
@settings(max_examples=100, deadline=None)
def test_slope_and_intercept_do_not_matter(e):
    plain, sloped, mirrored = value_hashes(Programs.pack([e, 3.0 * e + 0.7, 0.2 - e]))
    if plain and sloped and mirrored:
        assert plain == sloped == mirrored


def test_values_are_those_of_any_way_of_writing():
    one, same, other = value_hashes(
        Programs.pack(formulas("(x0 + x1)**2", "x0*x0 + 2*x0*x1 + x1**2", "x0**2 + x0*x1 + x1**2"))
    )
    assert one == same != other
    exp, product = value_hashes(Programs.pack(formulas("exp(x0 + x3)", "exp(x1)*exp(x0)")))
    assert exp == product


def test_what_has_no_values_has_no_hash():
    assert value_hashes(Programs.pack(formulas("3", "log(-1 - x0**2)", "x0 - x0"))).tolist() == [0, 0, 0]


def test_excluded_laws_are_known_by_skeleton_and_by_values():
    excluded = Excluded.of(formulas("2*x0*exp(-3*x1)/x2", "(x0 + x1)**2 + x2"))
    held = formulas("5*x4*exp(-0.1*x0)/x2 - 8", "x7 + x3*x3 + 2*x3*x1 + x1**2", "(x1 + x2)**2 + x0")
    free = formulas("5*x4*exp(-0.1*x0)*x2", "x7 + x3*x3 + x3*x1 + x1**2", "(x1 + x2)**3 + x0")
    assert excluded.holds(held).all()
    assert not excluded.holds(free).any()


def test_excluded_laws_without_values_are_known_by_skeleton():
    """An inverse cosine of what is above one at all points where values are compared."""
    excluded = Excluded.of(formulas("acos(x0 + 3*x1)/x2"))
    assert excluded.holds(formulas("acos(0.2*x1 + x2)/x0", "acos(0.2*x1 - x2)/x0")).tolist() == [True, False]


def test_small_laws_are_never_held():
    """Whatever slope and intercept: a search fits both."""
    excluded = Excluded.of(formulas("3*x0*x1 + 1", "x0/x1", "x0*exp(x1)/x2"))
    small = formulas("x0*x1", "x1/x0", "2*x2*x1", "2*x2*x1 - 7", "3 - 5*(x1/x0)")
    assert not excluded.holds(small).any()
    assert excluded.holds(formulas("7 - x1*exp(x0)/(2*x2)")).all()


def test_no_laws_exclude_nothing():
    assert Excluded.of([]).holds(formulas("x0*x1 + x2*3", "2")).tolist() == [False, False]
    assert Excluded.of(formulas("x0")).holds([]).shape == (0,)


def test_a_file_comes_back(tmp_path):
    excluded = Excluded.of(formulas("sin(x0)*x1 + 2*x2", "x0*x1*x2/x3"))
    excluded.write(tmp_path / "e.npz")
    again = Excluded.read(tmp_path / "e.npz")
    assert np.array_equal(again.skeletons, excluded.skeletons)
    assert np.array_equal(again.values, excluded.values)
    assert [path.name for path in tmp_path.iterdir()] == ["e.npz"]


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no file .*bench fingerprints"):
        Excluded.read(tmp_path / "none.npz")
    path = tmp_path / "e.npz"
    Excluded.of(formulas("x0*x1*x2/x3")).write(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="cut short"):
        Excluded.read(path)
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(DataError, match="no file of excluded laws"):
        Excluded.read(path)
    path.write_text("x0*x1")
    with pytest.raises(DataError, match="no file of excluded laws"):
        Excluded.read(path)
    np.save(tmp_path / "array.npy", np.zeros(3, np.uint64))
    with pytest.raises(DataError, match=r"no file of excluded laws.* one array .*NPY"):
        Excluded.read(tmp_path / "array.npy")
    with pytest.raises(DataError, match="cannot be written"):
        Excluded.of([]).write(tmp_path / "missing" / "e.npz")


def test_a_generator_told_to_makes_none_of_the_excluded_laws():
    settings = GeneratorSettings(inputs=(1.0, 1.0), most_columns=2)
    laws = Generator(0, settings).laws(600)
    frequent = [law for law in Generator(1, settings).laws(600) if law.size > 5]
    excluded = Excluded.of(frequent)
    assert excluded.holds(laws).sum() > 10
    told = Generator(0, settings, excluded)
    assert not excluded.holds(told.laws(300)).any()
    small = [law for law in told.laws(200) if law.size <= 5]
    assert len(small) > 10  # and small ones stay
