"""The suites there are, by name; listing them reads no data."""

import os
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from eqdisc.benchmark.suite import Suite, SuiteSource
from eqdisc.benchmark.suites.classic import Classic
from eqdisc.benchmark.suites.fastsrb import FastSrb
from eqdisc.benchmark.suites.feynman import NOISE_LEVELS, Feynman
from eqdisc.benchmark.suites.folder import load_folder
from eqdisc.benchmark.suites.real import Real
from eqdisc.benchmark.suites.srsd import LEVELS, Srsd
from eqdisc.benchmark.suites.strogatz import Strogatz
from eqdisc.benchmark.suites.surface import NOISE_LEVELS as SURFACE_NOISE
from eqdisc.benchmark.suites.surface import Surface
from eqdisc.benchmark.suites.surfacebench import PREFIX, load_surfacebench
from eqdisc.errors import OptionError

_SOURCES: tuple[SuiteSource, ...] = (
    *(Srsd(level) for level in LEVELS),
    *(Srsd(level, dummies=True) for level in LEVELS),
    FastSrb(),
    *(Feynman(noise) for noise in NOISE_LEVELS),
    *(Strogatz(noise) for noise in NOISE_LEVELS),
    Classic(),
    Real(),
    *(Surface(noise) for noise in SURFACE_NOISE),
    Surface(hidden=True),
)
#: Sources of the suites that ship, by name.
SUITES: dict[str, SuiteSource] = {source.name: source for source in _SOURCES}


def suite_names() -> tuple[str, ...]:
    """Names of the suites that ship.

    >>> suite_names()[:3]
    ('srsd-easy', 'srsd-medium', 'srsd-hard')
    """
    return tuple(SUITES)


def load_suite(name: str | Path) -> Suite:
    """A suite that ships, by name, or the one in a folder (`eqdisc.benchmark.suites.folder`).

    `surfacebench:FILE` reads the file of SurfaceBench (`eqdisc.benchmark.suites.surfacebench`).
    OptionError for an unknown name, with the nearest; InputError for a folder that cannot be read as a suite.

    >>> suite = load_suite("srsd-easy")
    >>> len(suite.tasks), suite.task("I.12.1").truth
    (30, 'x0*x1')
    """
    if not isinstance(name, str | os.PathLike):
        raise OptionError(f"the suite is {name!r}; wanted the name of one, or of a folder")
    if isinstance(name, str) and name in SUITES:
        return _shipped(name)
    if isinstance(name, str) and name.startswith(PREFIX):
        return load_surfacebench(Path(name.removeprefix(PREFIX)))
    if Path(name).is_dir():
        return load_folder(Path(name))
    near = get_close_matches(str(name), SUITES, n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise OptionError(
        f"there is no suite {str(name)!r}, nor a folder of that name; {hint}There are {', '.join(SUITES)}"
    )


@cache
def _shipped(name: str) -> Suite:
    return SUITES[name].load()
