import subprocess
import sys
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.report.plots import MANY_ROWS, MOST_PANELS, drawn, figures
from tests.report.conftest import result_of

Case = Any  # a result and its table


def labels(figure: Any) -> list[str]:
    return [axes.get_xlabel().replace("\n", " ") for axes in figure.axes]


def dots(axes: Any) -> dict[str, tuple[Any, Any]]:
    return {line.get_label(): line.get_data() for line in axes.lines if line.get_marker() == "o"}


def test_every_picture_can_be_drawn_in_every_format(pictures: dict[str, Figure]) -> None:
    for figure in pictures.values():
        assert drawn(figure, "png").startswith(b"\x89PNG")
        assert drawn(figure, "pdf").startswith(b"%PDF")
        assert b"<svg" in drawn(figure, "svg")


def test_which_pictures_there_are(kepler: Case, lawless: Case) -> None:
    assert list(figures(*kepler)) == ["front", "prediction", "residuals", "effects"]
    assert list(figures(*lawless)) == ["front", "prediction", "residuals"]
    assert list(figures(kepler[0], None)) == ["front"]


def test_the_same_picture_gives_the_same_bytes(kepler: Case) -> None:
    for kind in ("png", "pdf", "svg"):
        first, second = (drawn(figures(*kepler)["effects"], kind) for _ in range(2))  # type: ignore[arg-type]
        assert first == second


def test_front_shows_every_law_and_marks_the_chosen(noisy: Case) -> None:
    axes = figures(noisy[0], None)["front"].axes[0]
    _, all_laws, chosen = axes.lines
    laws = noisy[0].front
    np.testing.assert_array_equal(all_laws.get_xdata(), [law.complexity for law in laws])
    np.testing.assert_allclose(all_laws.get_ydata(), np.sqrt([law.loss for law in laws]))
    assert (chosen.get_xdata()[0], chosen.get_ydata()[0]) == (laws[-1].complexity, np.sqrt(laws[-1].loss))
    assert axes.get_ylabel() == "root mean square error [N/m²]"


def test_an_error_of_zero_has_a_place_on_the_front(kepler: Case) -> None:
    laws = kepler[0].front
    result = replace(kepler[0], front=(laws[0], replace(laws[1], loss=0.0)))
    axes = figures(result, None)["front"].axes[0]
    assert np.all(axes.lines[1].get_ydata() > 0.0)
    assert "0" in [text.get_text() for text in axes.texts]


def test_predicted_against_measured_with_the_rows_held_out_apart(noisy: Case) -> None:
    result, table = noisy
    axes = figures(*noisy)["prediction"].axes[0]
    train, heldout = heldout_split(table.n_rows, result.seed)
    for label, rows in (("training", train), ("held out", heldout)):
        x, y = dots(axes)[label]
        np.testing.assert_array_equal(x, table.target[rows])
        np.testing.assert_array_equal(y, result.predict(table.features)[rows])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("measured force [N/m²]", "predicted force [N/m²]")
    assert axes.collections  # error bars of sigma


def test_residuals_against_the_prediction_and_the_inputs_of_the_law_only(noisy: Case) -> None:
    result, table = noisy
    figure = figures(*noisy)["residuals"]
    assert labels(figure) == [
        *("predicted force [N/m²]", "peak load [kN]", "θ [rad]", "lambda [m]", "n_steps")
    ]
    residuals = table.target - result.predict(table.features)
    for axes in figure.axes:
        shown = np.concatenate([y for _, y in dots(axes).values()])
        np.testing.assert_allclose(np.sort(shown), np.sort(residuals))


def test_errors_in_proportion_are_shown_in_proportion(awful: Case) -> None:
    result, table = awful
    axes = figures(*awful)["residuals"].axes[0]
    shown = np.concatenate([y for _, y in dots(axes).values()])
    np.testing.assert_allclose(np.sort(shown), np.sort(table.target / result.predict(table.features) - 1.0))
    assert axes.get_ylabel().startswith("measured / predicted")


def test_effect_of_one_input_is_the_law_through_the_rows(kepler: Case) -> None:
    result, table = kepler
    axes = figures(*kepler)["effects"].axes[0]
    x, y = dots(axes)["training"]
    np.testing.assert_allclose(y, table.target)
    along, curve = axes.lines[-1].get_data()
    np.testing.assert_allclose(curve, result.predict(along[:, None]))
    assert (along[0], along[-1]) == (x.min(), x.max())


def test_axes_are_logarithmic_where_rows_spread_over_decades(noisy: Case) -> None:
    scales = [axes.get_xscale() for axes in figures(*noisy)["effects"].axes]
    assert scales == ["linear", "linear", "log", "linear"]


def test_names_are_no_formulas(awful: Case) -> None:
    assert labels(figures(*awful)["effects"])[1] == r"\$ Ωmega_{&%#}~^\ 100% [µm]"


def test_many_rows_become_a_density_and_many_inputs_are_limited() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(MANY_ROWS * 2, 30))
    y = X[:, :20].sum(axis=1) + random.normal(size=len(X))
    table = Dataset.of(X, y)
    result = result_of(table, ["0", " + ".join(f"x{j}" for j in range(20))])
    drawings = figures(result, table)
    assert not dots(drawings["prediction"].axes[0])
    assert len(drawings["residuals"].axes) == len(drawings["effects"].axes) == MOST_PANELS
    assert len(drawn(drawings["residuals"], "svg")) < 2_000_000


@pytest.mark.parametrize("law", ["1/(x0 - 2.5000001)", "sqrt(x0 - 2.5)", "log(x0 - 100)", "exp(exp(7*x0))"])
def test_poles_and_gaps_of_a_law_stop_no_picture(law: str) -> None:
    x = np.linspace(1.0, 4.0, 40)
    table = Dataset.of(x[:, None], x**2)
    result = result_of(table, [law])
    odd = replace(result.best, loss=1.0)
    result = replace(result, best=odd, front=(odd,))
    for figure in figures(result, table).values():
        drawn(figure, "png")


def test_settings_of_the_caller_are_left_alone(kepler: Case) -> None:
    before = dict(mpl.rcParams)
    for figure in figures(*kepler).values():
        drawn(figure, "svg")
    assert dict(mpl.rcParams) == before


def test_pyplot_is_not_needed() -> None:
    code = (
        "import sys, numpy as np\nfrom eqdisc.data.dataset import Dataset\n"
        "from tests.report.conftest import result_of\nfrom eqdisc.report.plots import figures, drawn\n"
        "x = np.arange(1., 9.); t = Dataset.of(x[:, None], 2 * x + x % 2)\n"
        "for f in figures(result_of(t, ['2.1234567*x0']), t).values(): drawn(f, 'png')\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
