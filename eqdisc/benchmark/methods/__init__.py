"""The contestants by name. A new one is a file here and a line in the list; its tests are there already."""

from collections.abc import Mapping

from eqdisc.benchmark.method import Method
from eqdisc.benchmark.methods.deap_nsga2 import Deap
from eqdisc.benchmark.methods.eqdisc_search import PARTS, Eqdisc
from eqdisc.benchmark.methods.floors import Boosting, Linear, Mean, Nearest, PolynomialLasso
from eqdisc.benchmark.methods.gplearn_gp import Gplearn
from eqdisc.benchmark.methods.pretrained import ARMS
from eqdisc.benchmark.methods.pyoperon_gp import Pyoperon
from eqdisc.benchmark.methods.pysr_julia import Pysr
from eqdisc.errors import OptionError
from eqdisc.expr.operators import nearest
from eqdisc.portfolio import PROPOSERS

_ALL: tuple[Method, ...] = (
    Eqdisc(),
    *(Eqdisc(proposer) for proposer in PROPOSERS),
    Eqdisc("gp dysymnet"),
    *(Eqdisc(without=part) for part in PARTS),
    *(Eqdisc(arm=arm) for arm in ARMS),
    Pyoperon(),
    Gplearn(),
    Deap(),
    Deap(compiled=True),
    Pysr(),
    Mean(),
    Linear(),
    PolynomialLasso(),
    Boosting(),
    Nearest(),
)
METHODS: Mapping[str, Method] = {entry.name: entry for entry in _ALL}


def method(name: str) -> Method:
    """The contestant of that name; OptionError, with the names there are, for an unknown one.

    >>> method("eqdisc-gp").name
    'eqdisc-gp'
    """
    if name not in METHODS:
        raise OptionError(
            f"there is no method {name!r}{nearest(name, METHODS)}; there are {', '.join(METHODS)}"
        )
    return METHODS[name]


__all__ = ["METHODS", "method"]
