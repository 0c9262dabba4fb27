import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from eqdisc.report.html import report_html
from eqdisc.report.notebook import result_html
from tests.report.conftest import page_of

Case = Any  # a result and its table
VOID = {"meta", "progress"}
SECTIONS = (
    "Warnings", "Constants", "Front", "Predicted and measured", "Residuals", "Effect of each input", "Rivals",
    "Stability", "Notes on the table", "Settings and how to repeat", "How to cite",
)  # fmt: skip


class Page(HTMLParser):
    """A strict reader: elements must nest; keeps what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def test_page_is_well_formed_and_reaches_for_nothing(page: str) -> None:
    read = Page(page)
    for name, value in read.attributes:
        if name in ("src", "href", "xlink:href", "action", "data"):
            assert value.startswith(("#", "data:image/png"))
        assert not name.startswith("on")
    assert not {"link", "iframe", "object", "embed", "base", "img"} & set(read.tags)


def test_ids_are_there_once_and_references_lead_somewhere(page: str) -> None:
    read = Page(page)
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = [value for name, value in read.attributes if name in ("href", "xlink:href")]
    wanted = {value[1:] for value in links if value.startswith("#")}
    wanted |= {url for _, value in read.attributes for url in re.findall(r"url\(#([^)]+)\)", value)}
    assert wanted <= set(ids)


def test_page_has_every_section(noisy: Case) -> None:
    text = page_of(noisy)
    assert tuple(re.findall(r"<h2>(.*?)</h2>", text)) == SECTIONS
    shown = " ".join(Page(text).text)
    for part in ("c1", "17 of 20", "--seed 0 --epochs 17", "3 rows were left out", "+ - * /", "@software"):
        assert part.replace("c1", "c") in shown
    assert text.count('<tr class="chosen') == 1


def test_page_without_the_table_leaves_the_data_out(kepler: Case) -> None:
    text = report_html(kepler[0])
    assert "<h2>Residuals" not in text
    assert "<h2>Front" in text


@pytest.mark.parametrize("show", [page_of, lambda case: result_html(case[0])])
def test_names_are_text_and_never_markup(awful: Case, show: Any) -> None:
    page = Page(show(awful))
    shown = "".join(page.text)
    assert "<script>alert(1)</script>" in shown
    assert "$ Ωmega_{&%#}~^\\ 100%" in shown
    assert page.tags.count("script") == (1 if "body" in page.tags else 0)
    assert "b" not in page.tags or "body" not in page.tags


def test_warnings_and_reasons_are_text(noisy: Case) -> None:
    result = replace(noisy[0], reason="a < b & <i>c</i>")
    for text in (report_html(result, noisy[1]), result_html(result)):
        page = Page(text)
        assert "<i>c</i>" in "".join(page.text)
        assert "i" not in page.tags
        assert "<constant>" in "".join(page.text)


def test_notebook_html_is_well_formed_without_script_and_marks_the_chosen_law(case: Case) -> None:
    text = result_html(case[0])
    page = Page(text)
    assert not {"script", "style", "link"} & set(page.tags)
    assert page.tags.count("math") == 1
    assert text.count("▸") == 1


def test_drawings_take_the_colour_of_the_page(kepler: Case) -> None:
    text = page_of(kepler)
    assert "currentColor" in text
    assert "#1f2328" not in text.partition("</style>")[2]


def test_code_to_copy_is_the_law(noisy: Case) -> None:
    texts = [value for name, value in Page(page_of(noisy)).attributes if name == "data-copy"]
    latex, text, python, *_ = texts
    assert latex.startswith(r"\mathrm{force} = ")
    assert text == noisy[0].best.expression
    code: dict[str, Any] = {}
    exec(python, code)
    row = noisy[1].features[3]
    assert code["law"](*row[list(noisy[0].best.tree.features)]) == pytest.approx(noisy[0].predict([row])[0])


def test_a_form_that_was_fitted_has_no_front(kepler: Case) -> None:
    text = report_html(replace(kepler[0], settings={"form": "k*a**<b>"}), kepler[1])
    assert "<h2>Front" not in text
    assert "This form was given" in text
    assert "--form &#x27;k*a**&lt;b&gt;&#x27;" in text
