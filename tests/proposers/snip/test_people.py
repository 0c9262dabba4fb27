"""Similar formulas and embeddings, from Python and from the command line."""

import json

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from typer.testing import CliRunner

import eqdisc
from eqdisc.cli import app
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError, ParseError, WeightsError
from eqdisc.expr.canonical import canonical
from eqdisc.proposers.seeds import Seeds
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.people import embed_data, embed_expression, similar

ROWS = 40


def table(columns=2, rows=ROWS):
    features = np.random.default_rng(3).uniform(1.0, 2.0, (rows, columns))
    names = [f"column {j}" for j in range(columns)]
    return Dataset.of(features, features[:, 0] / features[:, -1] + 1.0, names=names)


@pytest.fixture
def csv(tmp_path):
    path, data = tmp_path / "table.csv", table()
    rows = np.column_stack([data.features, data.target])
    np.savetxt(path, rows, delimiter=",", header="mass,speed,y", comments="", fmt="%.17g")
    return path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(result, *words):
    """A sentence on standard error, exit code 2, no traceback."""
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


# ------------------------------------------------------------------ Python


@pytest.mark.usefixtures("shipped")
def test_one_thread_of_blas_is_enough(monkeypatch):
    seen = []

    def noted(function):
        def inner(*arguments):
            seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
            return function(*arguments)

        return inner

    for name in ("look", "embed_expressions"):
        monkeypatch.setattr(Network, name, noted(getattr(Network, name)))
    for ask in (lambda: embed_data(table()), lambda: similar(table(), 2), lambda: embed_expression("a/b")):
        seen.clear()
        with threadpool_limits(2, user_api="blas"):
            ask()
        assert set(seen) == {1}


@pytest.mark.usefixtures("shipped")
def test_a_table_has_a_place():
    place = embed_data(table())
    assert np.linalg.norm(place.vector) == pytest.approx(1.0, rel=1e-5)
    assert place.columns == ("column 0", "column 1")
    assert place.notes == ()
    shuffled = np.random.default_rng(0).permutation(ROWS)
    np.testing.assert_array_equal(embed_data(table().take(shuffled)).vector, place.vector)
    assert place.similarity(embed_expression("a/b")) == pytest.approx(
        float(place.vector @ embed_expression("a/b").vector)
    )


@pytest.mark.usefixtures("shipped")
def test_of_many_columns_some_are_looked_at_and_named():
    place = embed_data(table(columns=13))
    assert len(place.columns) == 10
    assert {"column 0", "column 12"} <= set(place.columns)
    assert place.notes == (
        f"the network looks at 10 columns at most; of 13 it looked at {', '.join(place.columns)}",
    )
    assert similar(table(columns=13), 3)


@pytest.mark.usefixtures("shipped")
def test_a_formula_has_a_place_that_constants_and_names_do_not_move():
    one, other = embed_expression("mass*exp(-2*speed)"), embed_expression("y = u*exp(-7.5*w)")
    np.testing.assert_array_equal(one.vector, other.vector)
    assert one.columns == ("mass", "speed")
    assert embed_expression(eqdisc.parse("b*exp(3*a)", ["a", "b"])).columns == ("x1", "x0")
    with pytest.raises(ParseError):
        embed_expression("exp(")
    with pytest.raises(DataError, match=r"has 11 inputs; the network knows formulas of up to 10"):
        embed_expression(" + ".join(f"v{j}" for j in range(11)))
    with pytest.raises(DataError, match=r"too long"):
        embed_expression("sin(a)*sin(b)*sin(c)*sin(d)*sin(f)*sin(g)*sin(h)*sin(k)*exp(a*b + c)")


@pytest.mark.usefixtures("shipped")
def test_places_of_different_weights_cannot_be_compared(tmp_path):
    from eqdisc.proposers.snip import weights as files
    from eqdisc.proposers.snip.architecture import SIZES, initial

    sizes = SIZES["small"]
    path = tmp_path / "other.npz"
    path.write_bytes(files.packed(initial(sizes, np.random.default_rng(1)), sizes, {}))
    with pytest.raises(OptionError, match="embed both with the same"):
        embed_data(table()).similarity(embed_data(table(), weights=path))


@pytest.mark.usefixtures("shipped")
def test_similar_skeletons_are_ranked_and_written_in_the_columns_of_the_table():
    found = similar(table(), 8)
    assert len(found) == 8
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    assert len({one.skeleton for one in found}) == 8
    assert all(-1.0 <= one.similarity <= 1.0 for one in found)
    assert all(set(one.columns) <= {"column 0", "column 1"} for one in found)
    assert all("`column" in one.skeleton for one in found)
    assert similar(table(), 3) == found[:3]
    with pytest.raises(OptionError, match="top is 0"):
        similar(table(), 0)


@pytest.mark.parametrize(
    ("text", "named"),
    [("a*b", "a*b"), ("a*b/d", "a*b/d"), ("a + cos(2*b)", "a + cos(c1*b)")],
)
def test_the_weights_that_ship_name_a_law_among_the_first_ten(text, named):
    """And never a column that has nothing to do with it."""
    law = eqdisc.parse(text, ["a", "b", "d", "w"])
    features = np.random.default_rng(5).uniform(1.0, 5.0, (150, 4))
    data = Dataset.of(features, 3.0 * evaluate(law, features) + 1.0, names=["a", "b", "d", "w"])
    found = similar(data, 10)
    skeletons = {
        canonical(eqdisc.parse(one.skeleton, ["a", "b", "d", "w", "c1", "c2", "c3"])) for one in found
    }
    assert canonical(eqdisc.parse(named, ["a", "b", "d", "w", "c1"])) in skeletons
    assert len(skeletons) == 10
    assert not any("w" in one.columns for one in found)


def test_public_names_are_the_same():
    assert (eqdisc.similar, eqdisc.embed_data) == (similar, embed_data)
    assert eqdisc.embed_expression is embed_expression
    assert issubclass(eqdisc.WeightsError, eqdisc.DataError)


@pytest.mark.usefixtures("nothing_shipped")
def test_without_weights_the_error_says_what_to_do():
    with pytest.raises(WeightsError, match="there are no weights at"):
        embed_data(table())
    with pytest.raises(WeightsError, match="there are no weights at"):
        embed_expression("a*b")
    with pytest.raises(WeightsError, match="there are no weights at"):
        similar(table())


# ------------------------------------------------------------------ the command line


@pytest.mark.usefixtures("shipped")
def test_the_command_prints_similar_formulas(csv):
    result = call("similar", csv, "--target", "y", "--top", 4)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 4
    cosines = [float(line.split(maxsplit=1)[0]) for line in lines]
    assert cosines == sorted(cosines, reverse=True)
    told = json.loads(call("similar", csv, "--target", "y", "--json").stdout)
    assert told["columns"] == ["mass", "speed"]
    assert [one["skeleton"] for one in told["similar"]][:4] == [line.split(maxsplit=1)[1] for line in lines]
    assert len(told["similar"]) == 10
    assert set(told["similar"][0]) == {"skeleton", "similarity", "columns"}


@pytest.mark.usefixtures("shipped")
def test_the_command_writes_an_embedding(csv, tmp_path):
    out = tmp_path / "e.npz"
    result = call("embed", csv, "--target", "y", "--out", out)
    assert (result.exit_code, result.stdout) == (0, f"wrote {out}\n")
    with np.load(out) as found:
        np.testing.assert_array_equal(found["embedding"], embed_data(eqdisc.read_table(csv, "y")).vector)
        assert found["columns"].tolist() == ["mass", "speed"]
        assert str(found["version"]) == embed_data(table()).version


@pytest.mark.usefixtures("shipped")
def test_bad_input_is_refused_in_a_sentence(csv, tmp_path):
    out = tmp_path / "e.npz"
    refused(call("embed", csv, "--target", "y", "--out", tmp_path / "none" / "e.npz"), "cannot be written")
    refused(call("embed", csv, "--target", "z", "--out", out), "z")
    refused(call("similar", csv, "--target", "y", "--top", 0), "top is 0")
    refused(call("similar", tmp_path / "none.csv", "--target", "y"), "none.csv")
    short = tmp_path / "short.csv"
    short.write_text("a,y\n1,2\n2,3\n3,5\n")
    refused(call("similar", short, "--target", "y"), "at least 4 rows")
    infinite = tmp_path / "infinite.csv"
    infinite.write_text("a,y\n1,2\n2,inf\n3,5\n4,6\n5,8\n")
    told = call("similar", infinite, "--target", "y")  # the row is left out
    assert told.exit_code == 0
    assert "an infinity in 'y'" in told.stderr
    assert not out.exists()


def test_damaged_weights_are_refused_in_a_sentence(csv, shipped_files, tmp_path):
    weights = tmp_path / "weights.npz"
    call_with = ("similar", csv, "--target", "y", "--weights", weights, "--bank", shipped_files[1])
    refused(call(*call_with), "there are no weights")
    weights.write_bytes(shipped_files[0].read_bytes()[:-200_000])
    refused(call(*call_with), "only part of one")
    with np.load(shipped_files[0]) as file:
        arrays = dict(file)
    about = arrays["about"].tobytes().replace(b'"format": 1', b'"format": 9')
    np.savez(weights, **{**arrays, "about": np.frombuffer(about, np.uint8)})
    refused(call(*call_with), "format 9")


# ------------------------------------------------------------------ in a search


@pytest.mark.usefixtures("nothing_shipped")
def test_a_search_goes_on_without_weights_and_says_so(csv):
    data = eqdisc.read_table(csv, "y")
    found = eqdisc.discover(data, proposers=[Seeds(("mass/speed",)), "snip"], epochs=1, observers=())
    assert found.front
    (warning,) = [text for text in found.warnings if "snip" in text]
    assert warning.startswith("the search went on without snip: there are no weights")
    with pytest.raises(WeightsError, match="there are no weights"):
        eqdisc.discover(data, proposers="snip", epochs=1, observers=())
    refused(call("discover", csv, "--target", "y", "--proposers", "snip", "--quiet"), "there are no weights")


@pytest.mark.usefixtures("shipped")
def test_a_search_uses_the_network_and_repeats(csv):
    data = eqdisc.read_table(csv, "y")
    again = [eqdisc.discover(data, proposers="snip", epochs=2, threads=k, observers=()) for k in (1, 2)]
    assert [law.expression for law in again[0].front] == [law.expression for law in again[1].front]
    assert {law.found_by for law in again[0].front} == {"mean", "snip"}
    assert again[0].best.expression == "mass/speed + 1"


@pytest.mark.usefixtures("shipped")
def test_a_search_can_do_without_the_network(csv):
    data = eqdisc.read_table(csv, "y")
    given = {"proposers": ["snip", Seeds(("mass",))], "pretrained": False, "observers": ()}
    kept = eqdisc.discover(data, **given, epochs=1)
    assert (kept.settings["pretrained"], kept.settings["proposers"]) == (False, ["seeds"])
    assert not any("snip" in text for text in kept.warnings)
    words = ("discover", csv, "--target", "y", "--epochs", 1, "--quiet", "--no-pretrained")
    refused(call(*words, "--proposers", "snip"), "--no-pretrained")
    with pytest.raises(OptionError, match="pretrained is 'no'"):
        eqdisc.discover(data, pretrained="no")
