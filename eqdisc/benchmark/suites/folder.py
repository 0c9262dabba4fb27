"""Your own suite: a folder of CSV files with a `truth.toml`; or a folder of SRSD as it is published.

    name = "pendulums"                      # all of this may be missing
    description = "Swings measured in the cellar"

    [pendulum]                              # about pendulum.csv
    target = "period"                       # the last column where missing
    features = ["length"]                   # all other columns where missing
    truth = "2*pi*sqrt(length/9.81)"        # a black box where missing
    accepted = ["2.0061*length**0.5"]       # further forms that count as right
    test = "pendulum_test.csv"              # a quarter of the rows where missing
    domain = { length = [0.1, 2.0] }        # the ranges of the table where missing
    exact = true                            # false where the targets are measured or rounded
    notes = ["the clock was slow"]

A CSV file that `truth.toml` does not speak of, and is no table to test by, is a black box.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites import held_out
from eqdisc.benchmark.suites.published import is_published, load_published
from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset
from eqdisc.data.table import read_table
from eqdisc.errors import DataError, InputError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text

TRUTHS = "truth.toml"
_SUFFIXES = (".csv", ".tsv")
_KINDS: dict[str, tuple[type, str]] = {
    "target": (str, "the name of a column, in quotes"),
    "features": (list, "a list of names of columns"),
    "truth": (str, "a formula in quotes"),
    "accepted": (list, "a list of formulas"),
    "test": (str, "the name of a CSV file, in quotes"),
    "domain": (dict, "a range for each input, such as { length = [0.1, 2.0] }"),
    "exact": (bool, "true or false"),
    "notes": (list, "a list of sentences"),
    "description": (str, "a text in quotes"),
}


@dataclass(frozen=True)
class TableSampler:
    """A CSV file, and perhaps one to test by; the seed chooses held-out rows where there is none.

    names : what the columns of the file are called in the task, the target last
    """

    path: Path
    test: Path | None
    columns: tuple[str, ...]
    names: tuple[str, ...]

    def read(self, path: Path) -> Dataset:
        """A file with the columns of the task."""
        *features, target = self.columns
        table = _read(path, target, features)
        return replace(table, feature_names=self.names[:-1], target_name=self.names[-1])

    def __call__(self, seed: int) -> Split:
        whole = self.read(self.path)
        if self.test is not None:
            return Split(whole, None, self.read(self.test))
        return held_out.split(whole, "folder", self.path.stem, seed)


def load_folder(folder: Path) -> Suite:
    """The suite in a folder. InputError says which file, table or entry of it is not as it should be."""
    if (folder / TRUTHS).is_file():
        return _own_suite(folder)
    if is_published(folder):
        return load_published(folder)
    raise OptionError(
        f"{folder} is no suite: wanted CSV files with a {TRUTHS}, or the folders train, val and test of SRSD"
    )


def _own_suite(folder: Path) -> Suite:
    content = _read_truths(folder / TRUTHS)
    heads = {key: value for key, value in content.items() if not isinstance(value, dict)}
    entries = {key: value for key, value in content.items() if isinstance(value, dict)}
    _check_heads(heads, folder)
    tables = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in _SUFFIXES}
    for name, entry in entries.items():
        _check_entry(name, entry, tables, folder)
    spared = {Path(entry["test"]).stem for entry in entries.values() if "test" in entry}
    suite = str(heads.get("name", folder.resolve().name))
    tasks = tuple(
        _task(name, path, entries.get(name, {}), suite)
        for name, path in tables.items()
        if name in entries or name not in spared
    )
    if not tasks:
        raise OptionError(f"{folder} holds no table: wanted files that end in {' or '.join(_SUFFIXES)}")
    return Suite(suite, str(heads.get("description", f"the tables in {folder}")), tasks)


def _read_truths(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_heads(heads: Mapping[str, Any], folder: Path) -> None:
    for key, value in heads.items():
        if key not in ("name", "description"):
            raise _unknown(f"{folder / TRUTHS} has the entry {key!r}", key, ("name", "description"))
        if not isinstance(value, str):
            raise InputError(f"{folder / TRUTHS}: {key} is {value!r}; wanted a text in quotes")
    name = heads.get("name", folder.resolve().name)
    if not name.strip() or "/" in name or "\\" in name:
        raise InputError(f"{folder / TRUTHS}: the name is {name!r}; wanted a word or two without slashes")


def _check_entry(name: str, entry: Mapping[str, Any], tables: Mapping[str, Path], folder: Path) -> None:
    where = f"{folder / TRUTHS}, [{name}]"
    if name not in tables:
        raise _unknown(f"{where}: there is no table {name}.csv", name, tables)
    for key, value in entry.items():
        if key not in _KINDS:
            raise _unknown(f"{where} has the entry {key!r}", key, _KINDS)
        kind, wanted = _KINDS[key]
        texts = kind is not list or (isinstance(value, list) and all(isinstance(each, str) for each in value))
        if not isinstance(value, kind) or not texts:
            raise InputError(f"{where}: {key} is {value!r}; wanted {wanted}")
    if "test" in entry and not (folder / entry["test"]).is_file():
        raise InputError(f"{where}: there is no file {entry['test']!r} to test by")
    if "test" in entry and (folder / entry["test"]).samefile(tables[name]):
        raise InputError(
            f"{where}: {entry['test']!r} is the table itself; test by other rows, or leave it out"
        )


def _unknown(what: str, name: str, known: Collection[str]) -> OptionError:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return OptionError(f"{what}; {hint}There are {', '.join(known) or 'none'}")


def _task(name: str, path: Path, entry: Mapping[str, Any], suite: str) -> Task:
    where = f"{path.parent / TRUTHS}, [{name}]"
    target = str(entry["target"]) if "target" in entry else _last_column(path)
    try:
        whole = _read(path, target, entry.get("features"))
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    symbols = symbol_names(whole.feature_names)
    names = tuple(symbols[column] for column in whole.feature_names)
    sampler = TableSampler(
        path.resolve(),
        (path.parent / entry["test"]).resolve() if "test" in entry else None,
        (*whole.feature_names, target),
        (*names, whole.target_name if whole.target_name not in names else f"{whole.target_name}_"),
    )
    if sampler.test is not None:
        sampler.read(sampler.test)
    truth = _formula(entry["truth"], whole, symbols, f"{where}, truth") if "truth" in entry else None
    small = whole.n_rows < held_out.FEWEST and sampler.test is None
    return Task(
        name,
        suite,
        names,
        sampler.names[-1],
        None if truth is None else truth[0],
        _domain(entry.get("domain"), whole, symbols, where),
        sampler,
        feature_units=whole.feature_units,
        target_unit=whole.target_unit,
        relevant=None if truth is None else tuple(names[j] for j in truth[1].features),
        accepted=tuple(
            _formula(each, whole, symbols, f"{where}, accepted")[0] for each in entry.get("accepted", ())
        ),
        exact=truth is not None and bool(entry.get("exact", True)),
        decidable=truth is not None,
        notes=(*entry.get("notes", ()), *((held_out.ALL_ROWS,) if small else ())),
        description=str(entry.get("description", "")),
    )


def _read(path: Path, target: str, features: Any) -> Dataset:
    try:
        return read_table(path, target, features)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _last_column(path: Path) -> str:
    from eqdisc.data.table import read_columns

    header = read_columns(path, []).header
    return re.sub(r"\s*\[[^\]]*\]\s*$", "", header[-1])


def _formula(text: str, table: Dataset, symbols: Mapping[str, str], where: str) -> tuple[str, Expression]:
    """The formula in the names of the task, and as an expression."""
    names = table.feature_names
    try:
        expression = parse(text, names)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if not expression.features:
        raise InputError(f"{where}: {text!r} is a constant; a law uses at least one of {', '.join(names)}")
    kept = all(symbols[name] == name for name in names)
    return text if kept else sympy_text(expression, [symbols[name] for name in names]), expression


def _domain(
    given: Mapping[str, Any] | None, table: Dataset, symbols: Mapping[str, str], where: str
) -> dict[str, tuple[float, float]]:
    found = held_out.ranges(table)
    for name, ends in (given or {}).items():
        if name not in found:
            raise _unknown(f"{where}: domain speaks of {name!r}", name, tuple(found))
        numbers = (
            isinstance(ends, list)
            and len(ends) == 2
            and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        )
        if not numbers or not ends[0] < ends[1]:
            raise InputError(f"{where}: the domain of {name!r} is {ends!r}; wanted [lowest, highest]")
        found[name] = (float(ends[0]), float(ends[1]))
    return {symbols[name]: ends for name, ends in found.items()}
