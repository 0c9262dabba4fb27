"""PySR: SymbolicRegression.jl, by its Python face (Cranmer 2023). Needs Julia."""

import os
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdisc.benchmark.method import OPERATORS, Answer, Budget
from eqdisc.benchmark.methods.common import (
    Clock,
    law_answer,
    mean_law,
    missing_package,
    package_version,
    restored,
    working_units,
)
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse

if TYPE_CHECKING:
    import pandas as pd

_BINARY = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
#: PySR's rule "best": the best score among equations with a loss up to this factor above the least.
_NEAR = 1.5
_EXACT = 1e-24  # of the variance; such a loss ends the run


@dataclass(frozen=True)
class Pysr:
    """`PySRRegressor` with its default search, in double precision, with room for long laws.

    maxsize : nodes a law may have; the default, 30, is too few for some of the truths

    Julia gets its threads when it starts, that is at the warm-up: two, unless PYTHON_JULIACALL_THREADS says
    otherwise, as the benchmark's runner does.
    """

    maxsize: int = 50
    name: str = "pysr"

    def available(self) -> str | None:
        """Where PySR and Julia are installed. PySR is not imported for that: it would download Julia."""
        missing = missing_package("pysr", "pysr")
        if missing is not None:
            return missing
        if _julia() is None:
            return (
                "PySR is installed, but Julia is not; install it from https://julialang.org/downloads "
                "so that `julia` is on the path, then run `python -c 'import pysr'` once"
            )
        return None

    def version(self) -> str:
        """Of PySR."""
        return package_version("pysr")

    def warm_up(self) -> None:
        """Start Julia and compile the search, on a small table."""
        x = np.random.default_rng(0).uniform(1.0, 2.0, (50, 2))
        self._fitted(Dataset.of(x, x[:, 0] * np.cos(x[:, 1])), 5.0, 2, 0, iterations=1)

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """The equation PySR chooses; it is not told of the rows for validation."""
        clock = Clock(budget)
        table, scaling = working_units(train)
        model = self._fitted(table, clock.left(), budget.threads, seed)
        equations = model.equations_
        if not len(equations):
            return law_answer(mean_law(train), train, {"note": "PySR found no equation"})
        row = chosen_row(equations)
        law = equation_law(str(row["equation"]), table.n_features)
        details = {
            "pysr_complexity": int(row["complexity"]),
            "loss": float(row["loss"]),
            "front": len(equations),
            "threads": os.environ.get("PYTHON_JULIACALL_THREADS"),
            "note": "the seed is not honoured: PySR is deterministic on one thread only",
        }
        return law_answer(restored(law, scaling), train, details)

    def _fitted(
        self, table: Dataset, seconds: float, threads: int, seed: int, iterations: int = 10**9
    ) -> Any:
        os.environ.setdefault("PYTHON_JULIACALL_THREADS", str(threads))
        os.environ.setdefault("PYTHON_JULIACALL_HANDLE_SIGNALS", "yes")
        from pysr import PySRRegressor

        model = PySRRegressor(
            binary_operators=[_BINARY[name] for name in OPERATORS if name in _BINARY],
            unary_operators=[name for name in OPERATORS if name not in _BINARY],
            niterations=iterations,
            timeout_in_seconds=seconds,
            early_stop_condition=_EXACT * float(np.var(table.target)),
            maxsize=self.maxsize,
            precision=64,
            parallelism="multithreading",
            random_state=seed,
            model_selection="best",
            progress=False,
            verbosity=0,
            temp_equation_file=True,
            delete_tempfiles=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(table.features, table.target, weights=table.weights)
        return model


def chosen_row(equations: "pd.DataFrame") -> "pd.Series[Any]":
    """The row of `equations_` that PySR's rule "best" takes.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"equation": ["1.5", "x0"], "loss": [2.0, 0.1], "score": [0.0, 3.0]})
    >>> chosen_row(table)["equation"]
    'x0'
    """
    near = equations[equations["loss"] <= _NEAR * equations["loss"].min()]
    row: pd.Series[Any] = near.loc[near["score"].idxmax()]
    return row


def equation_law(equation: str, n_features: int) -> Expression:
    """An equation as PySR writes it, over x0, x1 ...; its `square` and `cube` are ours.

    >>> equation_law("square(x1) - (x0 * -0.5)", 2)
    <Expression x1**2 - x0*(-0.5)>
    """
    return parse(equation, [f"x{j}" for j in range(n_features)])


def _julia() -> str | None:
    """Where Julia is, looked for where PySR would find it."""
    named = [os.environ.get(key) for key in ("PYTHON_JULIACALL_EXE", "PYTHON_JULIAPKG_EXE")]
    places = [
        *(Path(path) for path in named if path),
        Path.home() / ".juliaup" / "bin" / "julia",
        Path(sys.prefix) / "julia_env" / "pyjuliapkg" / "install" / "bin" / "julia",
    ]
    found = shutil.which("julia")
    return found or next((str(path) for path in places if path.exists()), None)
