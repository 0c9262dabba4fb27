"""eqdisc: point it at a table, get the law.

>>> from eqdisc import Expression, parse
>>> parse("k/r**2", ["k", "r"]).size
4
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eqdisc.errors import (
    DataError,
    EqdiscError,
    InputError,
    NoSurfaceError,
    OptionError,
    ParseError,
    WeightsError,
)

if TYPE_CHECKING:
    from eqdisc.benchmark.registry import load_suite
    from eqdisc.benchmark.runner import run_suite
    from eqdisc.benchmark.table import summarize
    from eqdisc.data.dataset import Dataset
    from eqdisc.data.surfaces import Cloud, JointDataset, read_cloud, read_joint
    from eqdisc.data.table import read_columns, read_table
    from eqdisc.data.tables import example_names, read_example, write_example
    from eqdisc.discovery import discover, fit, resume
    from eqdisc.estimator import SymbolicRegressor
    from eqdisc.expr.expression import Expression
    from eqdisc.expr.format import format_expression
    from eqdisc.expr.operators import OperatorSet
    from eqdisc.expr.parse import parse
    from eqdisc.findings import Discovery
    from eqdisc.kept import load
    from eqdisc.metrics.edit_distance import normalized_edit_distance
    from eqdisc.metrics.solution import check_solution
    from eqdisc.proposers.snip.people import embed_data, embed_expression, similar
    from eqdisc.result import Law
    from eqdisc.search.engine import StopReason
    from eqdisc.search.observer import Observer, Progress
    from eqdisc.surface_discovery import discover_surface
    from eqdisc.surface_finding import SurfaceDiscovery
    from eqdisc.surfaces.law import SurfaceLaw

__version__ = "0.1.0"

__all__ = [
    "Cloud",
    "DataError",
    "Dataset",
    "Discovery",
    "EqdiscError",
    "Expression",
    "InputError",
    "JointDataset",
    "Law",
    "NoSurfaceError",
    "Observer",
    "OperatorSet",
    "OptionError",
    "ParseError",
    "Progress",
    "StopReason",
    "SurfaceDiscovery",
    "SurfaceLaw",
    "SymbolicRegressor",
    "WeightsError",
    "__version__",
    "check_solution",
    "discover",
    "discover_surface",
    "embed_data",
    "embed_expression",
    "example_names",
    "fit",
    "format_expression",
    "load",
    "load_suite",
    "normalized_edit_distance",
    "parse",
    "read_cloud",
    "read_columns",
    "read_example",
    "read_joint",
    "read_table",
    "resume",
    "run_suite",
    "similar",
    "summarize",
    "write_example",
]

# Public names are fetched from their modules when first used, so that `import eqdisc` costs nothing.
_HOMES = {
    "eqdisc.benchmark.registry": ("load_suite",),
    "eqdisc.benchmark.runner": ("run_suite",),
    "eqdisc.benchmark.table": ("summarize",),
    "eqdisc.data.dataset": ("Dataset",),
    "eqdisc.data.surfaces": ("Cloud", "JointDataset", "read_cloud", "read_joint"),
    "eqdisc.data.table": ("read_columns", "read_table"),
    "eqdisc.data.tables": ("example_names", "read_example", "write_example"),
    "eqdisc.discovery": ("discover", "fit", "resume"),
    "eqdisc.findings": ("Discovery",),
    "eqdisc.kept": ("load",),
    "eqdisc.estimator": ("SymbolicRegressor",),
    "eqdisc.expr.expression": ("Expression",),
    "eqdisc.expr.format": ("format_expression",),
    "eqdisc.expr.operators": ("OperatorSet",),
    "eqdisc.expr.parse": ("parse",),
    "eqdisc.metrics.edit_distance": ("normalized_edit_distance",),
    "eqdisc.metrics.solution": ("check_solution",),
    "eqdisc.proposers.snip.people": ("embed_data", "embed_expression", "similar"),
    "eqdisc.result": ("Law",),
    "eqdisc.search.engine": ("StopReason",),
    "eqdisc.search.observer": ("Observer", "Progress"),
    "eqdisc.surface_discovery": ("discover_surface",),
    "eqdisc.surface_finding": ("SurfaceDiscovery",),
    "eqdisc.surfaces.law": ("SurfaceLaw",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
