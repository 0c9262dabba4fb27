"""Pictures of a benchmark."""

from pathlib import Path

import pytest

from eqdisc.benchmark.plots import draw, figures
from eqdisc.errors import DataError, OptionError
from tests.benchmark.test_table import failed, record

RECORDS = [
    record(f"t{n}", (n + shift) % 3 == 0, suite=suite, method=method, wall_seconds=0.5 + n, decidable=n > 0)
    for shift, method in enumerate(("gp", "other"))
    for suite in ("a", "b")
    for n in range(6)
] + [failed("t9")]


def test_bars_stand_at_the_rates() -> None:
    (axes,) = figures(RECORDS)["solution_rate"].axes
    heights = sorted(bar.get_height() for bar in axes.patches)
    each, total = [2 / 7, 2 / 6, 2 / 6, 2 / 6], [4 / 13, 4 / 12]
    assert heights == pytest.approx(sorted(100 * share for share in each + total))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "all"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "gp",
        "other",
        "of those decidable",
    ]


def test_the_curve_of_each_method_rises_to_its_rate() -> None:
    (axes,) = figures(RECORDS)["recovery"].axes
    ends = [line.get_ydata()[-1] for line in axes.get_lines()]
    assert ends == pytest.approx([100 * 4 / 13, 100 * 4 / 12])
    assert axes.get_xscale() == "log"


def test_several_budgets_are_points_at_the_budgets() -> None:
    rows = [
        record(f"t{n}", n < found, limits={"seconds": seconds, "threads": 1})
        for seconds, found in ((1.0, 1), (30.0, 3), (3.0, 2))
        for n in range(4)
    ]
    (axes,) = figures(rows)["recovery"].axes
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == [1.0, 3.0, 30.0]
    assert list(line.get_ydata()) == [25.0, 50.0, 75.0]


def test_pictures_are_written_as_png_and_pdf(tmp_path: Path) -> None:
    written = draw(RECORDS, tmp_path / "plots")
    assert {path.name for path in written} == {
        *("solution_rate.png", "solution_rate.pdf", "recovery.png", "recovery.pdf"),
    }
    for path in written:
        assert path.read_bytes()[:4] in (b"\x89PNG", b"%PDF")
    before = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in draw(RECORDS, tmp_path / "plots")] == before


def test_nothing_solved_is_drawn_too(tmp_path: Path) -> None:
    assert len(draw([failed("t1")], tmp_path)) == 4


def test_there_may_be_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to draw"):
        draw([record("t1", truth=None, score={})], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="cannot be made"):
        draw(RECORDS, tmp_path / "file" / "plots")
