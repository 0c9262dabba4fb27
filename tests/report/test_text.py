from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqdisc.report.text import front_table, summary
from eqdisc.report.words import share

Case = Any  # a result and its table


def test_summary_tells_law_reason_effort_and_how_to_repeat(kepler: Case) -> None:
    result = replace(kepler[0], warnings=("mind the gap",))
    lines = summary(result).splitlines()
    assert lines[0] == "period = sqrt(semi_major_axis**3)"
    assert lines[-5:] == [
        "chosen   it is the simplest within the noise",
        "stopped  the time is up",
        "effort   5,000 candidates in 2.0 s (2,500 per second), 1.2 s of compilation apart",
        "repeat   --seed 0 --epochs 17",
        "warning  mind the gap",
    ]


def test_summary_tells_units_error_bars_rivals_stability_and_notes(noisy: Case) -> None:
    lines = summary(noisy[0]).splitlines()
    assert lines[0].startswith("force [N/m²] = 2.512")
    constants = [line for line in lines if " ± " in line]
    assert [line[:9] for line in constants] == ["constant ", " " * 9, " " * 9]
    assert constants[0].split()[1:3] == ["c1", "="]
    assert "rivals   2: the table cannot tell them from this law" in lines
    assert "stable   17 of 20 tables drawn again gave the same law" in lines
    assert "         2 gave c1*x0" in lines
    assert "note     3 rows were left out: missing cells in 'force'" in lines


def test_exact_constants_are_not_listed(kepler: Case) -> None:
    assert "constant" not in summary(kepler[0])


def test_table_marks_the_chosen_law_and_cuts_none(kepler: Case) -> None:
    result = kepler[0]
    header, constant, chosen, _ = front_table(result.front, result.best)
    assert header.split() == ["#", "nodes", "loss", "R2", "found", "by", "law"]
    assert chosen.split() == [">", "2", "3", "0.00152", "0.99999950", "gp", "sqrt(semi_major_axis**3)"]
    assert header.index("law") == chosen.index("sqrt") == constant.index("36.7")


def test_table_has_a_column_of_held_out_rows_only_where_some_were(kepler: Case, noisy: Case) -> None:
    for (result, _), wanted in ((kepler, False), (noisy, True)):
        assert ("R2 held out" in front_table(result.front, result.best)[0]) is wanted


@pytest.mark.parametrize(
    ("r2", "shown"),
    [(None, "-"), (np.nan, "-"), (1.0, "1"), (-2.5, "-2.5000"), (-1e-17, "0.0000"), (0.9999, "0.99990")],
)
def test_shares(r2: float | None, shown: str) -> None:
    assert share(r2) == shown


def test_no_time_at_all_is_no_division_by_zero(kepler: Case) -> None:
    assert "(0 per second)" in summary(replace(kepler[0], seconds=0.0))


def test_a_form_that_was_fitted_is_repeated_as_such(kepler: Case) -> None:
    text = summary(replace(kepler[0], epochs=0, settings={"form": "k*a**(3/2)"}))
    assert "repeat   --form 'k*a**(3/2)' --seed 0" in text
    assert "effort" not in text
