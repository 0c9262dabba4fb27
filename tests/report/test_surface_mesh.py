"""Meshes: closed, without a gap, on the surface, and torn where the surface is."""

from collections.abc import Sequence

import numpy as np
import pytest

from eqdisc.engine.box import Box
from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.expr.parse import parse
from eqdisc.report.surface_mesh import Mesh, mesh_of, zero_mesh

CELLS = 3000
TURN = 2.0 * np.pi
TORUS = "(x**2 + y**2 + z**2 + 8)**2 - 36*(x**2 + y**2)"
SPHERE = "x**2 + y**2 + z**2 - 4"


def zeros(text: str, half: float = 4.3, names: str = "xyz") -> ZeroSet:
    return ZeroSet(parse(text, list(names)), ([-half] * len(names), [half] * len(names)))


def patch(texts: Sequence[str], low: Sequence[float], high: Sequence[float]) -> Patch:
    return Patch([parse(text, list("uv")) for text in texts], (low, high))


def sides(mesh: Mesh) -> tuple[int, set[int]]:
    """How many edges there are, and how many triangles they have."""
    cells = np.sort(mesh.cells, axis=1)
    edges = np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [0, 2]]])
    different, counts = np.unique(edges, axis=0, return_counts=True)
    return len(different), set(counts.tolist())


def euler(mesh: Mesh) -> int:
    return len(mesh.vertices) - sides(mesh)[0] + len(mesh.cells)


def meshed(shape: ZeroSet | Patch) -> Mesh:
    mesh = mesh_of(shape, CELLS)
    assert mesh is not None
    assert np.array_equal(np.unique(mesh.cells), np.arange(len(mesh.vertices)))
    return mesh


PATCHES = {
    "torus": (patch(["(3 + cos(v))*cos(u)", "(3 + cos(v))*sin(u)", "sin(v)"], [0, 0], [TURN, TURN]), 0),
    "sphere": (patch(["sin(u)*cos(v)", "sin(u)*sin(v)", "cos(u)"], [0, 0], [np.pi, TURN]), 2),
}


@pytest.mark.parametrize(
    ("text", "characteristic"),
    [
        (TORUS, 0),
        (SPHERE, 2),
        (f"({SPHERE})**2", 2),  # no change of sign
        (f"({SPHERE})/(x - 0.1)", 2),  # a pole is no zero
        (f"sqrt(x + 9)*({SPHERE})", 2),
        (f"({SPHERE})*((x - 3)**2 + y**2 + z**2 - 0.25)", 4),  # two spheres
    ],
)
def test_closed_surfaces_have_no_gap_and_lie_on_the_zeros(text: str, characteristic: int) -> None:
    shape = zeros(text)
    mesh = meshed(shape)
    assert sides(mesh)[1] == {2}
    assert euler(mesh) == characteristic
    assert 0.3 * CELLS < len(mesh.cells) < 3 * CELLS
    near = zeros(text.removeprefix("(").partition(")**2")[0]) if text.endswith(f"({SPHERE})**2") else shape
    with np.errstate(all="ignore"):
        off = np.abs(near.values(mesh.vertices)) / np.linalg.norm(near.gradients(mesh.vertices), axis=1)
    assert np.nanmax(off) < 1e-12


@pytest.mark.parametrize("name", PATCHES)
def test_seams_and_poles_of_patches_are_closed(name: str) -> None:
    shape, characteristic = PATCHES[name]
    mesh = meshed(shape)
    assert sides(mesh)[1] == {2}
    assert euler(mesh) == characteristic


def test_the_area_is_that_of_the_torus() -> None:
    for shape in (zeros(TORUS), PATCHES["torus"][0]):
        mesh = meshed(shape)
        a, b, c = np.moveaxis(mesh.vertices[mesh.cells], 1, 0)
        area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
        assert area == pytest.approx(12.0 * np.pi**2, rel=0.01)


def test_a_zero_at_a_node_leaves_no_gap() -> None:
    shape = ZeroSet(parse("x + 0*y + 0*z", ["x", "y", "z"]), ([-1, -1, -1], [1, 1, 1]))
    mesh = zero_mesh(shape, 5)  # the middle plane of nodes is x = 0
    assert np.all(mesh.vertices[:, 0] == 0.0)
    a, b, c = np.moveaxis(mesh.vertices[mesh.cells], 1, 0)
    assert 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() == pytest.approx(4.0)


@pytest.mark.parametrize("text", ["1/x", "floor(x) - 0.5", "exp(x)", "log(-1 - x**2)"])
def test_poles_jumps_and_nothing_have_no_mesh(text: str) -> None:
    assert mesh_of(zeros(text, half=2.3), CELLS) is None


def test_curves_close_and_have_their_length() -> None:
    mesh = meshed(zeros("x**2 + y**2 - 4", names="xy"))
    ends = mesh.vertices[mesh.cells]
    assert mesh.is_curve
    assert np.all(np.bincount(mesh.cells.ravel()) == 2)
    assert np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum() == pytest.approx(4.0 * np.pi, rel=1e-3)
    assert np.allclose(np.linalg.norm(mesh.vertices, axis=1), 2.0)


def test_curves_over_one_parameter() -> None:
    shape = Patch([parse(text, ["t"]) for text in ("cos(t)", "sin(t)", "t")], ([0], [TURN]))
    mesh = meshed(shape)
    ends = mesh.vertices[mesh.cells]
    assert np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum() == pytest.approx(TURN * 2**0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("height", "pieces"), [("floor(u)", 4), ("1/u", 2), ("abs(u)", 1), ("9*sin(3*u)", 1)]
)
def test_patches_are_torn_where_they_jump_and_only_there(height: str, pieces: int) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    mesh = meshed(patch(["u", "v", height], [-1.99, -2], [1.98, 2])).within(Box([-9] * 3, [9] * 3))
    first, second = mesh.cells[:, [0, 1, 2]].ravel(), mesh.cells[:, [1, 2, 0]].ravel()
    links = coo_array((np.ones(len(first)), (first, second)), shape=(len(mesh.vertices),) * 2)
    assert connected_components(links, directed=False)[0] == pieces


def test_where_the_patch_has_no_value_there_is_a_hole() -> None:
    mesh = meshed(patch(["u", "v", "sqrt(1 - u**2 - v**2)"], [-1, -1], [1, 1]))
    assert np.isfinite(mesh.vertices).all()
    assert mesh.vertices[:, 2].min() < 0.3


@pytest.mark.parametrize("dimension", [4, 5])
def test_more_dimensions_are_not_drawn(dimension: int) -> None:
    names = [f"x{j}" for j in range(dimension)]
    shape = ZeroSet(parse("x0**2 + x1**2 - 1", names), ([-2] * dimension, [2] * dimension))
    assert mesh_of(shape) is None
    volume = Patch([parse(name, ["x0", "x1", "x2"]) for name in ("x0", "x1", "x2", "x0")], ([0] * 3, [1] * 3))
    assert mesh_of(volume) is None
