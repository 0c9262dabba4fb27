"""Units from the table to the law: respected in the search, reported with the constants, kept and resumed."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import c, h, k
from typer.testing import CliRunner

from eqdisc.cli import app
from eqdisc.data.dataset import Dataset
from eqdisc.discovery import discover, fit, resume
from eqdisc.errors import OptionError
from eqdisc.estimator import SymbolicRegressor
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.findings import Discovery, load
from eqdisc.proposers.seeds import Seeds
from eqdisc.report.html import report_html
from eqdisc.report.text import summary
from eqdisc.settings import Settings
from eqdisc.task import SearchTask
from tests.quick import few_pictures

RNG = np.random.default_rng(0)
NU, T = RNG.uniform(1e13, 9e14, 80), RNG.uniform(300, 3000, 80)
PHOTON = Dataset.of(np.c_[NU, T], h * NU / (k * T), names=["nu", "T"], target_name="x")
PHOTON_UNITS = {"nu": "Hz", "T": "K", "x": "1"}
NAMED = Seeds(("h*nu/(k_B*T)",))

TIME, WARMTH = RNG.uniform(1, 9, 80), np.round(RNG.uniform(-20, 100, 80), 2)
FALL = Dataset.of(
    TIME[:, None], 4.905 * TIME**2, names=["t"], target_name="s", feature_units=["s"], target_unit="m"
)


def told(*seeds: str, table: Dataset = FALL, **settings: object) -> Discovery:
    return discover(table, proposers=[Seeds(seeds)], epochs=1, **settings)  # type: ignore[arg-type]


def test_laws_respect_the_units_of_the_header_and_constants_have_theirs() -> None:
    found = told("k*t**2", "t**2 + t", "exp(t)")
    assert found.best.constants == pytest.approx([4.905])
    assert found.best.constant_units == ("m s^-2",)
    assert "4.905 is in m s^-2" in summary(found)
    assert "4.905 is in m s^-2" in report_html(found, FALL)
    assert all(law.expression != "exp(t)" for law in found.front)
    record = found.record()
    assert record["best"]["constant_units"] == ["m s^-2"]
    assert record["best"]["constant_names"] == [""]
    assert record["best"]["constant_matches"] == [None]


@pytest.mark.parametrize("units", [PHOTON_UNITS, "nu=Hz,T=K,x=1"])
def test_units_by_mapping_or_text(units: object) -> None:
    found = told("k*nu/T", table=PHOTON, units=units, physical_constants="c,h,k_B")
    assert found.feature_units == ("Hz", "K")
    assert found.best.constant_units == ("s K",)
    assert found.best.constant_matches == ("h/k_B",)
    assert "agrees with h/k_B" in summary(found)
    assert "agrees with h/k_B" in report_html(found, PHOTON)
    assert "s K" in report_html(found, PHOTON)


def test_a_law_with_constants_of_nature_reads_the_columns_alone_and_keeps_their_names(tmp_path: Path) -> None:
    found = discover(
        PHOTON,
        proposers=[NAMED],
        epochs=1,
        units=PHOTON_UNITS,
        constants="named",
        physical_constants=["c", "h", "k_B"],
        out=tmp_path / "run",
    )
    law = found.best
    assert set(law.constant_names) == {"h", "k_B"}
    assert law.formula.replace(" ", "") in ("h*nu/(k_B*T)", "nu*h/(k_B*T)", "h*nu/(T*k_B)", "nu*h/(T*k_B)")
    assert law.feature_names == found.feature_names == ("nu", "T")
    np.testing.assert_allclose(law.predict(PHOTON.features), PHOTON.target, rtol=1e-12)
    assert float(law.sympy().subs({"nu": NU[0], "T": T[0]})) == pytest.approx(PHOTON.target[0], rel=1e-12)
    assert not law.error_bars.free.any()
    text = summary(found)
    assert text.startswith(f"x [1] = {law.formula}")
    assert "h = 6.62607015e-34 J s (CODATA 20" in text
    assert "--constants named --units nu=Hz,T=K,x=1 --physical-constants c,h,k_B" in text
    page = report_html(found, PHOTON)
    assert "k_B = 1.380649e-23 J K^-1 (CODATA 20" in page
    again = load(tmp_path / "run")
    assert again.best == law
    assert again.best.formula == law.formula
    assert again.settings["physical_constants"] == ["c", "h", "k_B"]
    with few_pictures():  # the others were drawn above
        resumed = resume(tmp_path / "run", epochs=2, proposers=[NAMED])
    assert resumed.best.constant_names == law.constant_names
    assert resumed.feature_units == ("Hz", "K")


def test_temperatures_are_searched_in_kelvin_and_the_law_is_over_the_column_as_given() -> None:
    table = Dataset.of(
        np.c_[WARMTH, TIME],
        0.25 * (WARMTH + 273.15) / TIME,
        names=["T", "V"],
        target_name="p",
        feature_units=["°C", "L"],
        target_unit="kPa",
    )
    found = told("k*T/V", table=table, units={})
    assert "T + 273.15" in found.best.formula
    np.testing.assert_allclose(found.predict(table.features), table.target, rtol=1e-12)
    assert found.best.complexity == found.best.tree.size
    assert any("searched in kelvin" in note for note in found.notes)
    sizes = [law.complexity for law in found.front]
    losses = [law.loss for law in found.front]
    assert sizes == sorted(sizes)
    assert losses == sorted(losses, reverse=True)


def test_a_guess_is_in_the_units_of_the_table() -> None:
    table = Dataset.of(
        np.c_[WARMTH, TIME], 0.5 + 3 * WARMTH, names=["T", "V"], feature_units=["degC", "L"], target_unit="V"
    )
    found = discover(table, guesses=["a + b*T"], proposers=[], epochs=1)
    assert found.best.constants == pytest.approx([3.0, 0.5]) or found.best.constants == pytest.approx(
        [0.5, 3.0]
    )
    assert any("formula of yours" in note for note in found.notes)


def test_a_target_in_degrees_is_refused_as_a_unit_with_the_reason() -> None:
    table = Dataset.of(TIME[:, None], 3 * TIME + 5, names=["t"], feature_units=["s"], target_unit="degC")
    assert any("give it in kelvin" in warning for warning in told("a*t + b", table=table).warnings)


def test_units_that_cannot_be_read_are_noted_and_wildcards() -> None:
    table = Dataset.of(
        np.c_[TIME, WARMTH], 4.0 * TIME, names=["t", "z"], feature_units=["s", "foo"], target_unit="m"
    )
    assert any("the unit of 'z' plays no part" in note for note in told("a*t", table=table).notes)


def test_when_no_law_fits_the_units_it_is_said() -> None:
    table = Dataset.of(
        np.c_[TIME, WARMTH], WARMTH / TIME, names=["t", "x"], feature_units=["s", "m"], target_unit="m/s"
    )
    found = told("x*t", "x + t", table=table, constants="dimensionless")
    assert any("no law whose units hold was found" in warning for warning in found.warnings)
    assert told("x/t", table=table, constants="dimensionless").best.expression == "x/t"


def test_a_fitted_form_has_units_too() -> None:
    law = fit(FALL, "g*t**2/2").best
    assert dict(zip(law.constant_names, law.constant_units, strict=True)) == {"g": "m s^-2", "": "1"}


def test_the_estimator_takes_units() -> None:
    model = SymbolicRegressor(
        proposers=[Seeds(("h*x0/(k_B*x1)",))],
        epochs=1,
        units={"x0": "Hz", "x1": "K"},
        physical_constants="h,k_B",
    )
    model.fit(PHOTON.features, PHOTON.target)
    np.testing.assert_allclose(model.predict(PHOTON.features), PHOTON.target, rtol=1e-10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"units": {"t": "metrs"}},
            "'t': 'metrs' is no unit that is known; did you mean 'meters'",
        ),
        ({"units": {"tt": "s"}}, "no column 'tt' to have a unit; did you mean 't'"),
        ({"units": {"t": "m"}}, "its header says 's'"),
        ({"units": 3}, "the units are 3"),
        ({"constants": "dimensionless"}, "no input has m in its unit"),
        ({"constants": "fixed"}, "wanted free, dimensionless, named"),
        ({"constants": "named"}, "none was offered"),
        ({"physical_constants": "c,hh"}, "no physical constant 'hh'; did you mean 'h'"),
        ({"physical_constants": [3]}, "wanted a list of texts"),
    ],
)
def test_impossible_settings_are_refused_at_once(settings: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        told("t", **settings)


def test_constants_without_units_need_units() -> None:
    with pytest.raises(OptionError, match="no column has a unit that is known"):
        told("nu", table=PHOTON, constants="dimensionless")


def test_settings_come_back() -> None:
    settings = Settings(units=("v=m/s",), constants="named", physical_constants=("c", "h"))
    assert Settings.of_record(json.loads(json.dumps(settings.record()))) == settings


def test_the_problem_has_the_rules() -> None:
    task = SearchTask.of(FALL, Settings(), OperatorSet.of("add", "mul"), "closed_form")
    rules = task.searched.rules()
    assert rules is not None
    assert rules.admit(parse("2*t*t", ["t"]))
    assert not rules.admit(parse("exp(t)*2 + t", ["t"]))


def test_the_command(tmp_path: Path) -> None:
    table = tmp_path / "light.csv"
    rows = "\n".join(f"{a},{b:.12g}" for a, b in zip(np.round(TIME, 3), c * np.round(TIME, 3), strict=True))
    table.write_text(f"t [s],path [m]\n{rows}\n")
    quick = [
        "discover",
        str(table),
        "--target",
        "path",
        "--proposers",
        "closed_form",
        "--epochs",
        "1",
        "--quiet",
    ]
    units = tmp_path / "units.toml"
    units.write_text('t = "s"\npath = "m"\n')
    for options in (
        ["--physical-constants", "c"],
        ["--units", "t=s,path=m", "--physical-constants", "c,h"],
        ["--no-units", "--target", "path [m]", "--units", "t [s]=s,path [m]=m", "--physical-constants", "c"],
        ["--units", str(units), "--physical-constants", "c"],
    ):
        result = CliRunner().invoke(app, [*quick, *options])
        assert result.exit_code == 0, result.output
        assert any(words in result.stdout for words in (" is c\n", "agrees with c\n")), result.stdout
    for options, message in (
        (["--units", "t=kg"], "its header says 's'"),
        (["--units", "t=s", "--units", "t=min"], "the column 't' is given two units, 's' and 'min'"),
        (["--units", "t=secnd"], "did you mean"),
        (["--units", "time=s"], "no column 'time'"),
        (["--units", "nowhere.toml"], "cannot be read"),
        (["--constants", "dimensionless"], "no input has m in its unit"),
        (["--physical-constants", "cc"], "no physical constant 'cc'"),
    ):
        result = CliRunner().invoke(app, [*quick, *options])
        assert result.exit_code == 2, options
        assert message in result.stderr, result.stderr
