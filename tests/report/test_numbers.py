"""Numbers with errors: what is written means what was meant."""

import re
from dataclasses import dataclass
from math import inf, nan, pi, sqrt

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.report.numbers import constant_table, nice_text, with_error
from eqdisc.scoring.uncertainty import ErrorBars, error_bars

sizes = st.integers(-30, 30).map(lambda power: 10.0**power)
numbers = st.tuples(st.floats(1.0, 9.999), sizes, st.sampled_from([-1.0, 1.0])).map(np.prod).map(float)


@pytest.mark.parametrize(
    ("value", "error", "text", "latex"),
    [
        (9.8137, 0.0312, "9.81 ± 0.03", r"9.81 \pm 0.03"),
        (9.8137, 0.0172, "9.814 ± 0.017", r"9.814 \pm 0.017"),
        (-9.8137, 0.0299, "-9.814 ± 0.030", r"-9.814 \pm 0.030"),
        (9.99996, 0.96, "10.0 ± 1.0", r"10.0 \pm 1.0"),
        (238.94, 27.3, "239 ± 27", r"239 \pm 27"),
        (238.94, 37.3, "(2.4 ± 0.4)e2", r"(2.4 \pm 0.4) \times 10^{2}"),
        (6.62607015e-34, 4.1e-39, "(6.62607 ± 0.00004)e-34", r"(6.62607 \pm 0.00004) \times 10^{-34}"),
        (0.3, 12.0, "0 ± 12", r"0 \pm 12"),
        (0.0, 0.34, "0.0 ± 0.3", r"0.0 \pm 0.3"),
        (0.75123456781234567, 1.1e-16, "0.7512345678123457 ± 1.1e-16", None),
        (0.7512, 1e-300, "0.7512 ± 1e-300", None),
        (9.81, 0.0, "9.81", "9.81"),
        (6.62607015e-34, 0.0, "6.62607015e-34", r"6.62607015 \times 10^{-34}"),
        (1e6, 0.0, "1e6", "10^{6}"),
        (3.7123456, inf, "3.712 (undetermined)", r"3.712\ \text{(undetermined)}"),
        (3.7123456, nan, "3.712 (undetermined)", r"3.712\ \text{(undetermined)}"),
    ],
)
def test_by_example(value, error, text, latex):
    assert with_error(value, error) == text
    if latex is not None:
        assert with_error(value, error, style="latex") == latex


@given(numbers, numbers.map(abs))
@example(9.995, 0.00995)
@example(999999.6, 0.5)
def test_what_is_written_is_the_value_to_a_quarter_of_the_error_and_no_finer(value, error):
    assume(1e-15 < error / abs(value) < 1e15)
    written = with_error(value, error)
    inside = re.fullmatch(r"\(?(\S+) ± ([^\s)]+)\)?(?:e(-?\d+))?", written)
    assert inside, written
    scale = 10.0 ** int(inside[3] or 0) if written.startswith("(") else 1.0
    assert abs(float(inside[1]) * scale - value) <= 0.26 * error + 4e-16 * abs(value)
    assert float(inside[2]) * scale == pytest.approx(error, rel=0.2)
    significant = inside[2].partition("e")[0].replace(".", "").strip("0") or "0"
    assert len(significant) <= 2


@given(numbers, numbers.map(abs))
def test_latex_says_the_same_as_text(value, error):
    text, latex = with_error(value, error), with_error(value, error, style="latex")
    plain = latex.replace(r"\pm", "±")
    plain = re.sub(r"(?<!\d)10\^\{(-?\d+)\}", r"1e\1", re.sub(r" \\times 10\^\{(-?\d+)\}", r"e\1", plain))
    assert plain == text


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (2.0, "2", "2"),
        (-1 / 3, "-1/3", r"-\frac{1}{3}"),
        (0.1, "0.1", "0.1"),
        (0.5, "0.5", "0.5"),
        (0.75, "3/4", r"\frac{3}{4}"),
        (9.81, "9.81", "9.81"),
        (pi, "pi", r"\pi"),
        (pi / 2, "pi/2", r"\frac{\pi}{2}"),
        (4 * pi / 3, "4*pi/3", r"\frac{4 \pi}{3}"),
        (1 / (2 * pi), "1/(2*pi)", r"\frac{1}{2 \pi}"),
        (sqrt(2.0) / 2, "sqrt(2)/2", r"\frac{\sqrt{2}}{2}"),
        (0.0, "0", "0"),
        (6.62607e-34, "6.62607e-34", r"6.62607 \times 10^{-34}"),
        (0.123456789, None, None),
        (8.98755178736e16, None, None),  # whole, as every float64 of its size is
        (inf, None, None),
    ],
)
def test_nice_numbers_by_name(value, text, latex):
    assert nice_text(value) == text
    assert nice_text(value, style="latex") == latex


@given(st.integers(-24, 24).filter(bool), st.sampled_from([1, 2, 3, 4, 5, 6, 8, 9, 10, 12]), st.sampled_from(
    [1.0, pi, 1 / pi, sqrt(2.0), np.e]
))  # fmt: skip
def test_a_nice_text_reads_back_as_the_number(p, q, base):
    value = p * base / q
    text = nice_text(value)
    names = {"pi": pi, "e": np.e}
    constants = parse(text, sorted(names))
    row = np.array([[names[name] for name in sorted(names)]])
    assert evaluate(constants, row)[0] == pytest.approx(value, rel=1e-15)


@dataclass
class Law:
    tree: Expression
    error_bars: ErrorBars


def test_the_table_of_constants_tells_exact_fitted_and_undetermined_apart():
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 3.0, (50, 2))
    x[:, 1] = 0.0
    table = Dataset.of(x, 9.8137 * x[:, 0] / 2 + 0.03 * random.normal(size=50), ["t", "z"])
    tree = parse("0.5*9.8137123456*t + 1.2345678*z", ["t", "z"])
    rows = constant_table(Law(tree, error_bars(tree, table)))
    assert [row.name for row in rows] == ["c1", "c2", "c3"]
    assert [row.kind for row in rows] == ["exact", "fitted", "undetermined"]
    assert [row.value for row in rows] == tree.constants.tolist()
    assert rows[0].shown() == rows[0].nice == "0.5"
    assert re.fullmatch(r"9\.8\d+ ± 0\.00\d+", rows[1].shown())
    assert re.fullmatch(r"9\.8\d+ \\pm 0\.00\d+", rows[1].shown("latex"))
    assert rows[1].relative == rows[1].standard_error / 9.8137123456
    assert rows[1].nice is None
    assert "undetermined" in rows[2].shown()
    assert (rows[0].relative, rows[2].relative) == (0.0, inf)


def test_an_exact_constant_that_has_no_name_is_shown_in_full():
    x = np.linspace(1.0, 2.0, 10)
    table = Dataset.of(x[:, None], 0.123456789 * x, ["x"])
    tree = parse("0.123456789*x", ["x"])
    (row,) = constant_table(Law(tree, error_bars(tree, table, free=[False])))
    assert (row.kind, row.nice, row.shown()) == ("exact", None, "0.123456789")
