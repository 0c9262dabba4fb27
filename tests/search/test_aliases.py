"""Waves on evenly spaced values come back as the slowest that agree with them."""

from dataclasses import dataclass

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.discovery import discover
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.proposers.seeds import Seeds
from eqdisc.search.aliases import Waves, lattice_of
from eqdisc.search.proposer import Proposals

NAMES = ["a", "b"]
STEPS = (0.1, 0.25)
STARTS = (-1.0, 0.35)


def table(truth, n_rows=60):
    places = np.random.default_rng(0).integers(0, 40, (n_rows, 2))
    features = STARTS + places * np.array(STEPS)
    return Dataset.of(features, evaluate(parse(truth, NAMES), features), names=NAMES)


@pytest.mark.parametrize("wave", ["sin", "cos", "tan"])
@pytest.mark.parametrize("turns", [(0, 3), (-7, 0), (2, -5), (1000, 1)])
def test_an_alias_becomes_the_law(wave, turns):
    rows = table(f"2*{wave}(1.7*a - 0.45*b + 0.3) + a")
    period = np.pi if wave == "tan" else 2.0 * np.pi
    shifts = [k * period / step for k, step in zip(turns, STEPS, strict=True)]
    phase = 0.3 - sum(shift * start for shift, start in zip(shifts, STARTS, strict=True))
    alias = parse(f"2*{wave}({1.7 + shifts[0]!r}*a + ({shifts[1] - 0.45!r})*b + ({phase!r})) + a", NAMES)
    assert np.allclose(evaluate(alias, rows.features), rows.target, rtol=1e-7)
    law = Waves(rows).slowest(alias)
    elsewhere = np.random.default_rng(1).uniform(-3.0, 3.0, (50, 2))
    truth = evaluate(parse(f"2*{wave}(1.7*a - 0.45*b + 0.3) + a", NAMES), elsewhere)
    assert np.allclose(evaluate(law, elsewhere), truth, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "sin(1.7*a)",  # the slowest
        "sin(90*a)",  # a number that one would write
        "sin(70.123456*a*b)",  # no sum of columns
        "sin(70.123456*a**2)",
        "exp(70.123456*a)",
        "sin(exp(70.123456*a))",
        "sin(70.123456/a)",
        "sin(a*1e200*1e200)",
        "sin(a - b*1e308*10)",
    ],
)
def test_what_is_no_alias_stays(text):
    law = parse(text, NAMES)
    assert Waves(table("a + b")).slowest(law) is law


def test_values_without_a_lattice_tell_all_waves_apart():
    features = np.random.default_rng(0).uniform(0.0, 5.0, (60, 2))
    law = parse("sin(70.123456*a)", NAMES)
    assert Waves(Dataset.of(features, features[:, 0])).slowest(law) is law


@pytest.mark.parametrize("column", [[], [1.0], [1.0, 1.0, 2.0], [0.0, 1.0, np.inf], [0.0, 1.0, np.nan, 2.0]])
def test_columns_without_a_lattice(column):
    assert lattice_of(np.array(column)) is None


@dataclass(frozen=True)
class Says:
    """A strategy that says one law, and its session."""

    law: str
    name: str = "says"

    def start(self, problem, seed, threads):
        return self

    def prepare(self):
        return 0.0

    def propose(self):
        return Proposals((parse(self.law, ["x"]),), exhausted=True)

    def observe(self, front, elites=()):
        pass

    def state(self):
        return {}


def test_a_search_reports_the_slowest_wave():
    x = np.arange(-20, 21) / 10.0
    rows = Dataset.of(x[:, np.newaxis], 0.3 * x * np.sin(2.0 * np.pi * x), names=["x"])
    alias = f"0.3*x*sin({22.0 * np.pi!r}*x)"
    found = discover(rows, proposers=[Says(alias)], epochs=1, observers=())
    between = np.linspace(-2.0, 2.0, 77)
    truth = 0.3 * between * np.sin(2.0 * np.pi * between)
    assert np.allclose(found.predict(between[:, np.newaxis]), truth, rtol=0.0, atol=1e-12)
    suggested = discover(rows, proposers=[Seeds((alias,))], epochs=1, observers=())
    assert not np.allclose(suggested.predict(between[:, np.newaxis]), truth, atol=0.1)  # the user's own word
