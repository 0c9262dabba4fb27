from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.report.mathml import equation_mathml, law_mathml
from tests.strategies import NAMES, expressions

#: Names as they may stand in a header: anything a line of text can hold.
any_names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


def words(text: str) -> str:
    return "".join(ElementTree.fromstring(text).itertext())


@given(expressions())
@settings(max_examples=100)
def test_every_law_is_well_formed(e: Expression) -> None:
    assert ElementTree.fromstring(law_mathml(e, NAMES)).tag.endswith("math")


@given(any_names)
@settings(max_examples=100)
def test_every_name_is_well_formed_and_no_markup(name: str) -> None:
    tree = ElementTree.fromstring(equation_mathml(name, parse("2*x", ["x"]), [name]))
    assert {element.tag.rpartition("}")[2] for element in tree.iter()} <= {
        *("math", "mrow", "mi", "mn", "mo", "msub", "mtext", "mspace")
    }


def test_words_stay_whole() -> None:
    text = law_mathml(parse("x**2", ["x"]), ["semi_major_axis"])
    assert "<mi>semi_major_axis</mi>" in text


def test_names_come_through_as_they_are() -> None:
    for name in ("peak load", "<script>", "a&b", "100%", "größe", "~^\\{}$#", "a_b_c"):
        assert name in words(law_mathml(parse("2*x", ["x"]), [name]))


def test_symbols_are_symbols() -> None:
    assert words(law_mathml(parse("x", ["x"]), ["theta_0"])) == "θ0"
