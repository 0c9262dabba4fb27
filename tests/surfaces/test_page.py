"""The page of a surface, read as text."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eqdisc.data.surfaces import JointDataset
from eqdisc.errors import DataError, OptionError
from eqdisc.surface_finding import SurfaceDiscovery
from eqdisc.surfaces.law import SurfaceFront
from eqdisc.surfaces.page import scene_of, surface_page
from eqdisc.surfaces.result import facts_of
from tests.report.test_html import Page
from tests.surfaces.pages import AWFUL, TOLD, circle, curve_page, sphere_page
from tests.surfaces.stand_in import law

ANGLES = np.random.default_rng(0).uniform(0.0, 6.0, (40, 2))


@pytest.mark.parametrize("text", [sphere_page(), curve_page(), sphere_page(AWFUL)], ids=["3", "2", "awful"])
def test_elements_nest_and_nothing_is_loaded(text: str) -> None:
    page = Page(text)
    assert page.tags.count("h1") == 1
    assert page.tags.count("math") >= 1
    sources = [value for name, value in page.attributes if name in {"src", "href"}]
    assert all(value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert "default-src 'none'" in text


def test_what_the_page_tells() -> None:
    text = sphere_page()
    for part in (
        *("Points and law", "Distances", "Front", "Notes on the table", "How to repeat", "How to cite"),
        *("a &lt;b&gt;warning", "two points stand twice", "--implicit x,y,z --seed 3", "next simpler law"),
        *("500 points and the found surface", "root mean square", "Copy LaTeX", 'aria-label="500 points'),
    ):
        assert part in text


def test_every_equation_of_a_law_is_typeset() -> None:
    torus = law("parametric", ["(3 + cos(v))*cos(u)", "(3 + cos(v))*sin(u)", "sin(v)"], "uv", "xyz")
    data = JointDataset.of(ANGLES, torus.values(ANGLES), ["u", "v"], ["x", "y", "z"])
    found = SurfaceDiscovery(**facts_of(SurfaceFront((torus,), 0), "parametric", data, TOLD, 1.0))
    text = surface_page(found)
    assert text.split("</header>")[0].count("<math") == 3
    assert "<mi>&amp;" not in text
    assert "lie on it to the rounding" in text


def test_one_output_is_drawn_over_its_parameters() -> None:
    hill = law("parametric", ["u**2 + v"], "uv", ["h"])
    data = JointDataset.of(ANGLES, hill.values(ANGLES).reshape(-1, 1), ["u", "v"], ["h"])
    found = SurfaceDiscovery(**facts_of(SurfaceFront((hill,), 0), "parametric", data, TOLD, 1.0))
    scene = scene_of(found)
    assert scene is not None
    assert scene.names == ("u", "v", "h")
    assert scene.error is not None
    assert scene.error.is_rounding


def test_without_the_table_there_are_no_points() -> None:
    text = surface_page(replace(circle(), data=None))
    assert "Distances" not in text
    assert "The found curve" in text


def test_a_law_without_a_place_near_the_table() -> None:
    nowhere = law("implicit", ["x**2 + y**2 + 1"], "xy", distance=float("inf"), exact=False)
    found = replace(circle(), best=nowhere, laws=(nowhere,))
    text = surface_page(found)
    assert "cannot be drawn" in text
    assert "h2>Distances" not in text
    assert Page(text)


def test_parameters_without_a_range_leave_the_picture_out() -> None:
    dot = law("parametric", ["cos(t)", "sin(t)"], "t", "xy")
    same = np.ones((5, 1))
    data = JointDataset(same, np.repeat(dot.values(same[:1]), 5, axis=0), ("t",), ("x", "y"))
    found = SurfaceDiscovery(**facts_of(SurfaceFront((dot,), 0), "parametric", data, TOLD, 1.0))
    assert scene_of(found) is None
    assert "Points and law" not in surface_page(found)
    with pytest.raises(DataError, match="nothing to be drawn"):
        found.to_picture("picture.png")


def test_pictures_by_their_ending(tmp_path: Path) -> None:
    found = circle()
    for kind, start in (("png", b"\x89PNG"), ("PDF", b"%PDF"), ("svg", b"<?xml")):
        assert found.to_picture(tmp_path / f"picture.{kind}").read_bytes().startswith(start)
    with pytest.raises(OptionError, match=r"ends in 'jpg'; a picture is a png, pdf, svg file"):
        found.to_picture(tmp_path / "picture.jpg")


def test_a_run_folder_has_page_and_pictures(tmp_path: Path) -> None:
    folder = circle().save(tmp_path / "run")
    assert (folder / "report.html").read_text(encoding="utf-8") == curve_page()
    assert {path.name for path in (folder / "plots").iterdir()} == {"surface.png", "surface.pdf"}
    circle().save(folder, overwrite=True)


def test_names_stay_text_in_the_numbers_of_the_scene() -> None:
    text = sphere_page(AWFUL)
    numbers = text.split('id="scene">')[1].split("</script>")[0]
    assert numbers.endswith("}")
    assert "\\u003cscript>alert" in numbers
