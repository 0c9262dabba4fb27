"""Real tables that ship with the package; `provenance.json` says where each number is from."""

import json
import os
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from eqdisc.data.clouds import cloud_examples
from eqdisc.data.dataset import Dataset
from eqdisc.data.table import read_table
from eqdisc.errors import DataError, OptionError


@dataclass(frozen=True)
class Example:
    """What is known of an example table: its name, what it is about, the column to explain, its rows."""

    name: str
    title: str
    year: str
    target: str
    rows: int
    law: str
    source: str


def examples() -> tuple[Example, ...]:
    """The example tables, the plainest first."""
    facts = json.loads((files(__name__) / "provenance.json").read_text(encoding="utf-8"))["tables"]
    return tuple(Example(**{key: table[key] for key in Example.__dataclass_fields__}) for table in facts)


def example_names() -> tuple[str, ...]:
    """Names of the example tables.

    >>> example_names()[:3]
    ('kepler', 'boyle', 'hubble')
    """
    return tuple(example.name for example in examples())


def example(name: str) -> Example:
    """What is known of one table. OptionError for an unknown name, with the nearest."""
    known = {example.name: example for example in examples()}
    if name not in known:
        if any(cloud.name == name for cloud in cloud_examples()):
            raise OptionError(f"the example {name!r} is a cloud of points: write_example, then read_cloud")
        raise _unknown(name)
    return known[name]


def _unknown(name: str) -> OptionError:
    known = [*example_names(), *(cloud.name for cloud in cloud_examples())]
    nearest = get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return OptionError(f"there is no example {name!r}; {hint}There are {', '.join(known)}")


def example_path(name: str) -> Path:
    """The CSV file of an example table, read-only by intent. OptionError for an unknown name."""
    return Path(str(files(__name__) / f"{example(name).name}.csv"))


def read_example(name: str) -> Dataset:
    """An example table with its own target. OptionError for an unknown name.

    >>> kepler = read_example("kepler")
    >>> kepler.target_name, kepler.n_rows
    ('period', 8)
    """
    return read_table(example_path(name), target=example(name).target)


def write_example(name: str, folder: str | Path = ".", force: bool = False) -> Path:
    """Copy an example, a table or a cloud of points, into a folder, made if missing; the path of the copy.

    The copy appears whole or not at all. DataError where a different file of that name is there already
    (unless `force`) or the folder cannot be written; OptionError for an unknown name.
    """
    clouds = {cloud.name: cloud.path for cloud in cloud_examples()}
    content = (clouds.get(name) or example_path(name)).read_bytes()
    path = Path(folder) / f"{name}.csv"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not force:
            if path.is_file() and path.read_bytes() == content:
                return path
            raise DataError(
                f"{path} exists already and is another table; name another folder, or overwrite it by --force"
            )
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error
    return path
