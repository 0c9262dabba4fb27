"""Laws that a factor makes consistent: same values, units that hold."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.search.carry_units import carrying_units
from tests.strategies import expressions, plain_table

METRE, SECOND = Dimension.of(m=1), Dimension.of(s=1)
dimensions = st.lists(
    st.sampled_from([METRE, SECOND, METRE / SECOND, Dimension(), None]), min_size=4, max_size=4
)


@settings(max_examples=200)
@given(expressions(max_leaves=5), dimensions, st.sampled_from(["free", "dimensionless"]))
def test_values_stay_and_units_hold(e, units, constants):
    rules = UnitRules(tuple(units[:3]), units[3], constants)
    law = carrying_units(e, rules)
    if law is None:
        assert not rules.admit(e)
        return
    assert rules.admit(law)
    assert law == e if rules.admit(e) else constants == "free"
    X = plain_table(rows=9)
    with np.errstate(all="ignore"):
        before, after = evaluate(e, X), evaluate(law, X)
    finite = np.isfinite(before) & np.isfinite(after) & (np.abs(before) > 1e-200)
    np.testing.assert_allclose(after[finite], before[finite], rtol=1e-9)


def test_the_constant_of_an_exponential_moves_before_it():
    rules = UnitRules((SECOND,), METRE)
    for text in ("exp(2 - t/3)", "exp(t/3 - 2)", "exp(t/3 + 2)", "exp(2 + t/3)"):
        law = carrying_units(parse(text, ["t"]), rules)
        assert law is not None
        assert len(law.constants) == 2
    assert carrying_units(parse("exp(900 + t/3)", ["t"]), rules) is not None  # 1*exp(900 + ...)
    assert carrying_units(parse("exp(t)", ["t"]), rules) is None
    assert carrying_units(parse("exp(t)", ["t"]), None) == parse("exp(t)", ["t"])
