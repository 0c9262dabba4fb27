import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.report.latex_table import escaped, latex_table

Case = Any  # a result and its table


def test_one_row_for_each_law_and_a_star_for_the_chosen(case: Case) -> None:
    table = latex_table(case[0])
    rows = table.partition("\\midrule\n")[2].partition("\n    \\bottomrule")[0].splitlines()
    assert len(rows) == len(case[0].front)
    assert [("\\star" in row) for row in rows] == [law is case[0].best for law in case[0].front]
    columns = re.search(r"\\begin\{tabular\}\{(r*l)\}", table)
    assert columns is not None
    for row in rows:
        assert row.endswith("\\\\")
        assert len(re.findall(r"(?<!\\)&", row)) == len(columns[1]) - 1


def test_braces_and_dollars_are_balanced_whatever_the_names(case: Case) -> None:
    table = re.sub(r"\\.", "", latex_table(case[0]), flags=re.DOTALL)
    assert table.count("{") == table.count("}")
    assert table.count("$") % 2 == 0
    assert not re.search(r"[#&%](?![^\n]*tabular)", table.replace(" & ", "").partition("\n")[2])


def test_fitted_constants_of_the_chosen_law_are_rounded_to_their_errors(noisy: Case) -> None:
    chosen = next(line for line in latex_table(noisy[0]).splitlines() if "\\star$ " in line and "&" in line)
    assert "2.512345" not in chosen
    assert r"\sin\left(\theta\right)" in chosen


@given(st.text())
def test_escaped_text_has_no_bare_special_sign(text: str) -> None:
    bare = re.sub(r"\\(textbackslash|textasciicircum|textasciitilde)\{\}|\\[&%$#_{}]", "", escaped(text))
    assert not set("\\&%$#_{}^~") & set(bare)


@pytest.mark.parametrize(("text", "wanted"), [("N/m²", "N/m²"), ("a^b", r"a\textasciicircum{}b")])
def test_escaping(text: str, wanted: str) -> None:
    assert escaped(text) == wanted
