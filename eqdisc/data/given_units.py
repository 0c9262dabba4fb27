"""Units that people give apart from the header: as text, a mapping or a TOML file."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from eqdisc.data.dataset import Dataset
from eqdisc.data.header import shortened
from eqdisc.data.units import Unit, UnknownUnitError, read_unit
from eqdisc.errors import OptionError

GivenUnits = Mapping[str, str] | str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
_WANTED = "wanted 'v=m/s,t=s', a mapping of columns to units, or a TOML file with lines such as v = \"m/s\""


def given_units(units: GivenUnits | None) -> dict[str, str]:
    """Units by column, from "v=m/s,t=s", the path of a TOML file, several of these, or a mapping.

    OptionError for anything else, a column given two units, or a file that cannot be read.

    >>> given_units("v=m/s, density = kg/m3")
    {'v': 'm/s', 'density': 'kg/m3'}
    """
    if units is None:
        return {}
    if isinstance(units, Mapping):
        return _checked(units, "the units")
    if isinstance(units, str | os.PathLike):
        units = [units]
    if not isinstance(units, list | tuple) or not all(isinstance(one, str | os.PathLike) for one in units):
        raise OptionError(f"the units are {units!r}; {_WANTED}")
    found: dict[str, str] = {}
    for name, unit in (pair for one in units for pair in _pairs(one)):
        if found.get(name, unit) != unit and not _same(found[name], unit):
            raise OptionError(f"the column {name!r} is given two units, {found[name]!r} and {unit!r}")
        found[name] = unit
    return found


def _same(one: str, other: str) -> bool:
    """Whether two texts are known to stand for one unit."""
    try:
        first, second = read_unit(one), read_unit(other)
    except UnknownUnitError:
        return False
    return first is not None and first == second


def _pairs(units: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Columns and units of one text or file."""
    if not isinstance(units, str) or units.casefold().endswith(".toml"):
        return list(_from_file(Path(units)).items())
    pairs = []
    for part in filter(None, (part.strip() for part in units.split(","))):
        name, sign, unit = (word.strip() for word in part.rpartition("="))
        if not sign or not name:
            raise OptionError(f"{part!r} in the units has no column and unit; {_WANTED}")
        pairs.append((name, unit))
    return pairs


def with_units(dataset: Dataset, given: Mapping[str, str]) -> Dataset:
    """The table with these units, which win over those of its header.

    Units of columns that the table read had and the law may not use are passed over. OptionError for a
    column that is not there or holds text, for a text that is no unit, and for a unit of another dimension
    than that of the header.

    >>> table = Dataset.of([[1.0], [2], [3], [4]], [1.0, 2, 3, 5], names=["x"], feature_units=["km"])
    >>> table = with_units(table, {"x": "m", "y": "s"})
    >>> table.feature_units, table.target_unit, table.notes[-1]
    (('m',), 's', "'x' is taken to be in m, as given, not in km, as its header says")
    """
    units = dict(zip(dataset.feature_names, dataset.feature_units, strict=True))
    units[dataset.target_name] = dataset.target_unit
    notes = []
    for name, text in given.items():
        if name not in units:
            if _is_unused(name, dataset):
                continue
            raise OptionError(_absent(name, tuple(units)))
        unit, before = _read(name, text), units[name]
        if before is not None and before != text:
            note = _against_header(name, text, unit, before)
            notes += [note] if note else []
        units[name] = text
    return replace(
        dataset,
        feature_units=tuple(units[name] for name in dataset.feature_names),
        target_unit=units[dataset.target_name],
        notes=(*dataset.notes, *notes),
    )


def _from_file(path: Path) -> dict[str, str]:
    import tomllib

    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path} is no TOML file: {error}") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"{path} is no TOML file: it is not in UTF-8") from error
    except OSError as error:
        raise OptionError(f"{path} with units cannot be read: {error.strerror}") from error
    table = content.get("units", content)
    return _checked(table if isinstance(table, Mapping) else content, str(path))


def _checked(units: Mapping[str, str], where: str) -> dict[str, str]:
    for name, unit in units.items():
        if not isinstance(name, str) or not isinstance(unit, str):
            raise OptionError(f'{where}: {name!r} has the unit {unit!r}; wanted text such as "m/s"')
    return {name: unit.strip() for name, unit in units.items()}


def _read(name: str, text: str) -> Unit | None:
    try:
        return read_unit(text)
    except UnknownUnitError as error:
        raise OptionError(
            f"the unit of {name!r}: {error}. Write it as in m/s, kg m^-3, J/(kg K); leave the column out of "
            "--units where its unit plays no part"
        ) from error


def _against_header(name: str, text: str, unit: Unit | None, before: str) -> str | None:
    try:
        header = read_unit(before)
    except UnknownUnitError:
        return None
    if unit is None or header is None:
        return None
    if unit.dimension != header.dimension:
        raise OptionError(
            f"{name!r} is given the unit {text!r} ({unit.dimension}) and its header says {before!r} "
            f"({header.dimension}); correct one of them, or read the table with --no-units"
        )
    return f"{name!r} is taken to be in {text}, as given, not in {before}, as its header says"


def _is_unused(name: str, dataset: Dataset) -> bool:
    """Whether it is a column of numbers that was not asked for; OptionError for one of text."""
    told = re.search(
        rf"{re.escape(repr(name))} \((text|dates or times|no value at all)\)", " ".join(dataset.notes)
    )
    if told:
        raise OptionError(
            f"the column {name!r} is given a unit and holds {told[1]}; only columns of numbers have units"
        )
    return name in dataset.other_names


def _absent(name: str, names: tuple[str, ...]) -> str:
    folded = {each.casefold(): each for each in names}
    near = get_close_matches(name.casefold(), folded, n=1)
    hint = f"did you mean {folded[near[0]]!r}? " if near else ""
    return f"there is no column {name!r} to have a unit; {hint}The table has {shortened(names)}"
