"""`eqdisc score --form implicit|parametric`: is a surface the true one, how far is it from points?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eqdisc.errors import DataError, OptionError, ParseError, TooDeep

if TYPE_CHECKING:
    from eqdisc._typing import FloatArray
    from eqdisc.engine.box import Box
    from eqdisc.metrics.separation import Surface

Domain = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Question:
    """What is asked of the judge: two surfaces as text, the ranges, and points to measure the answer on.

    coordinates : columns of the points; those of the domain for an implicit surface if not given
    hidden      : the parameters were not given, so that the points of the surface alone count
    """

    truth: str
    answer: str
    domain: Domain
    points: str | None
    coordinates: Sequence[str] | None
    hidden: bool
    time_limit: float


def judge_implicit(asked: Question) -> dict[str, Any]:
    """The record of an implicit answer."""
    from eqdisc.engine.zeroset import ZeroSet
    from eqdisc.metrics.formulas import read_formula
    from eqdisc.metrics.geometry import same_surface

    if asked.hidden:
        raise OptionError("--hidden is of parameters, which an implicit surface has none of; leave it out")
    names = tuple(asked.domain)
    for what, text in (("truth", asked.truth), ("answer", asked.answer)):
        if ";" in text:
            raise OptionError(f"the {what} has several formulas; an implicit surface is one, F of F = 0")
        _check_names(what, [text], names)
    box = _box(asked.domain, names)
    verdict = same_surface(asked.answer, asked.truth, box, names, time_limit=asked.time_limit)
    record = {"form": "implicit", **verdict.record()}
    if asked.points is None:
        return record
    cloud = _cloud(asked.points, asked.coordinates or names, len(names))
    return record | _on_points(ZeroSet(read_formula(asked.answer, names).tree, box), cloud)


def judge_parametric(asked: Question) -> dict[str, Any]:
    """The record of a parametric answer."""
    from eqdisc.engine.patch import Patch
    from eqdisc.metrics.formulas import read_formula
    from eqdisc.metrics.geometry import same_image, same_parametrization

    truth, answer = _formulas("truth", asked.truth), _formulas("answer", asked.answer)
    if len(truth) != len(answer):
        raise OptionError(
            f"the answer has {_counted(answer)}, the truth {_counted(truth)}; "
            "wanted one for each coordinate, in the same order, with semicolons between them"
        )
    names = tuple(asked.domain)
    _check_names("truth", truth, names)
    _check_names("answer", answer, names)

    def patch(texts: Sequence[str], used: Sequence[str]) -> Patch:
        return Patch([read_formula(text, used).tree for text in texts], _box(asked.domain, used))

    if asked.hidden:  # the two may have parameters of their own
        given, true = (patch(texts, _used(texts, names)) for texts in (answer, truth))
        verdict = same_image(given, true)
    else:
        given = patch(answer, names)
        limit = asked.time_limit / len(truth)
        box = _box(asked.domain, names)
        verdict = same_parametrization(answer, truth, box, names, time_limit=limit)
    record = {"form": "parametric", **verdict.record()}
    if asked.points is None:
        return record
    if asked.coordinates is None:
        raise OptionError("--target has to name the columns of the coordinates, as in --target x,y,z")
    cloud = _cloud(asked.points, asked.coordinates, len(truth))
    return record | _on_points(given, cloud)


def _formulas(what: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(";")]
    if not all(parts):
        raise ParseError(f"the {what}: there is no formula before or after a semicolon")
    return parts


def _check_names(what: str, texts: Sequence[str], names: Sequence[str]) -> None:
    """OptionError for a variable without a range, ParseError for what cannot be read."""
    from eqdisc.metrics.formulas import read_formula, variables

    for text in texts:
        if not text.strip():
            raise ParseError(f"the {what}: there is no formula")
        missing = [name for name in variables(text, names) if name not in names]
        if missing:
            raise OptionError(
                f"the {what} has {', '.join(missing)}, which --domain gives no range; it has "
                f"{', '.join(names) or 'none'}. Write, say, --domain {missing[0]}=-1:1"
            )
        try:
            read_formula(text, names)
        except TooDeep:
            raise
        except ParseError as error:
            raise ParseError(f"the {what}: {error}") from error


def _used(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    from eqdisc.metrics.formulas import variables

    found = {name for text in texts for name in variables(text, names)}
    if not found:
        raise OptionError("a surface whose parameters are hidden has none; wanted formulas of parameters")
    return [name for name in names if name in found]


def _box(domain: Domain, names: Sequence[str]) -> "Box":
    from eqdisc.engine.box import Box

    return Box([domain[name][0] for name in names], [domain[name][1] for name in names])


def _cloud(path: str, coordinates: Sequence[str], wanted: int) -> "FloatArray":
    """The points of a table; DataError for a cell without a number."""
    import numpy as np

    from eqdisc.data.table import read_columns

    if len(coordinates) != wanted:
        raise OptionError(f"{len(coordinates)} columns are named as coordinates; the surface has {wanted}")
    points = read_columns(path, coordinates).features
    rows, columns = np.nonzero(~np.isfinite(points))
    if len(rows):
        raise DataError(
            f"{path}: row {rows[0] + 1} has no finite number in column {coordinates[columns[0]]!r}; "
            "leave such rows out"
        )
    if not len(points):
        raise DataError(f"{path} has no rows")
    return points


def _on_points(answer: "Surface", cloud: "FloatArray") -> dict[str, Any]:
    """How far the answer is from points; `scaled` in diagonals of the points, else raw as SurfaceBench."""
    import numpy as np

    from eqdisc.metrics.clouds import chamfer_distance, cloud_diagonal, hausdorff_distance
    from eqdisc.metrics.separation import SAMPLES

    diagonal = cloud_diagonal(cloud)
    found: dict[str, Any] = {"points": len(cloud), "points_diagonal": diagonal}
    keys = ("distance_rms", "distance_median", "distance_max", "chamfer", "hausdorff")
    values: tuple[float, ...] | None = None
    if not answer.flaw:
        distances = answer.distances(cloud)
        sample = answer.sample(SAMPLES, np.random.default_rng(0))
        values = (
            float(np.sqrt(np.mean(distances**2))),
            float(np.median(distances)),
            float(np.max(distances)),
            chamfer_distance(sample, cloud),
            hausdorff_distance(sample, cloud),
        )
    for k, key in enumerate(keys):
        value = values[k] if values and np.isfinite(values[k]) else None
        found[f"points_{key}"] = value
        found[f"points_{key}_scaled"] = None if value is None or diagonal == 0.0 else value / diagonal
    return found


def _counted(formulas: Sequence[str]) -> str:
    return f"{len(formulas)} formula{'' if len(formulas) == 1 else 's'}"
