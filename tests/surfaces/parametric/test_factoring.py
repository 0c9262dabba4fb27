"""Sums of products keep their values however they are written."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.surfaces.parametric.factoring import Term, factored, plain_sum, reread

FUNCTIONS = [parse(text, ["u", "v"]) for text in ("cos(u)", "sin(v)", "u", "exp(0.3*v)")]
TERMS = st.lists(
    st.builds(
        Term,
        st.floats(-4.0, 4.0).filter(lambda w: abs(w) > 1e-3),
        st.lists(st.sampled_from(FUNCTIONS), max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=7,
)
ROWS = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 2))


@settings(max_examples=60, deadline=None)
@given(TERMS)
def test_factored_sum_has_the_same_values(terms):
    assert np.allclose(evaluate(factored(terms), ROWS), evaluate(plain_sum(terms), ROWS), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(TERMS)
def test_terms_are_read_back(terms):
    assert reread(terms, plain_sum(terms)) == tuple(terms)


def test_common_radius_is_pulled_out():
    u, v = FUNCTIONS[:2]
    assert str(factored([Term(2.0, (u,)), Term(1.0, (u, v)), Term(-1.0, (u, v, v))])) in (
        "(2 + sin(x1) - sin(x1)**2)*cos(x0)",
        "(2 + (1 - sin(x1))*sin(x1))*cos(x0)",
    )
