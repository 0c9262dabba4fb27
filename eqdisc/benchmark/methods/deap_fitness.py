"""What a population of DEAP is measured by: NumPy in worker processes, or our compiled fits."""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.method import OPERATORS
from eqdisc.data.dataset import Dataset
from eqdisc.engine.fit import fit_constants, fit_programs
from eqdisc.engine.programs import Blocks, Programs
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, code_of, operator

Tree = Any  # deap.gp.PrimitiveTree: a list of nodes in prefix order
_STEPS = 5  # attempts of Levenberg-Marquardt an individual


class Fitness(Protocol):
    """The error of many trees on one table; trees may come back with better constants."""

    def __call__(self, trees: Sequence[Tree]) -> FloatArray:
        """(trees,) mean squared errors after the best line; infinite where a value is not finite."""

    def law(self, tree: Tree, table: Dataset) -> Expression:
        """The tree with slope and intercept, as fitted to all rows of a table."""


class NumpyFitness:
    """DEAP's own way: every tree compiled to a Python function of NumPy arrays; workers by joblib."""

    def __init__(self, table: Dataset, threads: int) -> None:
        from joblib import Parallel

        self.table = table
        self._threads = threads
        self._parallel = Parallel(n_jobs=threads)

    def __call__(self, trees: Sequence[Tree]) -> FloatArray:
        """(trees,) mean squared errors."""
        from joblib import delayed

        texts = [str(tree) for tree in trees]
        data = (self.table.features, self.table.target, self.table.weights)
        if self._threads == 1 or len(texts) < 2 * self._threads:
            return _errors(texts, *data)
        parts = [texts[start :: self._threads] for start in range(self._threads)]
        losses = np.empty(len(texts))
        for start, found in enumerate(self._parallel(delayed(_errors)(part, *data) for part in parts)):
            losses[start :: self._threads] = found
        return losses

    def law(self, tree: Tree, table: Dataset) -> Expression:
        """slope*tree + intercept, its constants as they are."""
        value = np.broadcast_to(_function(str(tree), table.n_features)(*table.features.T), table.target.shape)
        slope, intercept = _line(value, table.target, table.weights)
        return slope * expression_of(tree) + intercept


class CompiledFitness:
    """Ours: populations in flat arrays, constants fitted by compiled code, threads without the GIL."""

    def __init__(self, table: Dataset, threads: int) -> None:
        self._blocks = Blocks.of(table.features, table.target, table.weights)
        self._threads = threads

    def __call__(self, trees: Sequence[Tree]) -> FloatArray:
        """(trees,) mean squared errors; the constants found are written back into the trees (Lamarck)."""
        parts = [list(trees[start :: self._threads]) for start in range(self._threads)]
        losses = np.empty(len(trees))
        with ThreadPoolExecutor(self._threads) as pool:
            for start, found in enumerate(pool.map(self._fitted, parts)):
                losses[start :: self._threads] = found
        return losses

    def law(self, tree: Tree, table: Dataset) -> Expression:
        """slope*tree + intercept with all constants at their optimum."""
        expression = 1.0 * expression_of(tree) + 0.0
        start = fit_constants(expression, table.features, table.target, table.weights)
        return start.expression

    def _fitted(self, trees: Sequence[Tree]) -> FloatArray:
        if not trees:
            return np.empty(0)
        forms = [_postfix(tree) for tree in trees]
        nodes = [node for form in forms for node in form]
        programs = Programs(
            np.array([code for code, _, _ in nodes], np.int32),
            np.array([int(value) if code == VARIABLE else 0 for code, value, _ in nodes], np.int32),
            np.array([1.0 if code == VARIABLE else value for code, value, _ in nodes]),
            np.cumsum([0, *map(len, forms)]).astype(np.int64),
        )
        found = fit_programs(programs, self._blocks, max_attempts=_STEPS)
        for tree, form, start in zip(trees, forms, programs.offsets, strict=False):
            fitted = found.values[start : start + len(form)]
            for (code, _, place), value in zip(form, fitted, strict=True):
                if code == CONSTANT and np.isfinite(value):
                    tree[place] = _constant(tree[place], float(value))
        return found.losses


def expression_of(tree: Tree) -> Expression:
    """A tree of DEAP in our language."""
    form = _postfix(tree)
    return Expression(tuple(code for code, _, _ in form), tuple(value for _, value, _ in form))


def functions() -> Mapping[str, Any]:
    """The operators of the comparison, by name, as NumPy has them."""
    return {name: operator(name).evaluate for name in OPERATORS}


def _postfix(tree: Tree) -> list[tuple[int, float, int]]:
    """Code, payload and place in the tree of every node, in postfix order."""
    stack: list[list[tuple[int, float, int]]] = []
    for place in range(len(tree) - 1, -1, -1):
        node = tree[place]
        if node.arity:
            operands = [stack.pop() for _ in range(node.arity)]
            leaves = [leaf for operand in operands for leaf in operand]
            stack.append([*leaves, (code_of(node.name), 0.0, place)])
        elif isinstance(node.value, str):  # an argument, "x3"
            stack.append([(VARIABLE, float(node.value[1:]), place)])
        else:
            stack.append([(CONSTANT, float(node.value), place)])
    return stack.pop()


def _constant(node: Any, value: float) -> Any:
    """A terminal like `node` of another value: trees share their terminals, so that none may be changed."""
    fresh: Any = object.__new__(type(node))
    fresh.value = value
    return fresh


def _errors(
    texts: Sequence[str], features: FloatArray, target: FloatArray, weights: FloatArray | None
) -> FloatArray:
    """(texts,) mean squared errors of functions given as Python text, after the best slope and intercept."""
    losses = np.full(len(texts), np.inf)
    columns = tuple(np.ascontiguousarray(features.T))
    with np.errstate(all="ignore"):
        for place, text in enumerate(texts):
            value = np.broadcast_to(_function(text, len(columns))(*columns), target.shape)
            if np.all(np.isfinite(value)):
                slope, intercept = _line(value, target, weights)
                residual = target - slope * value - intercept
                losses[place] = np.average(residual * residual, weights=weights)
    return losses


def _line(value: FloatArray, target: FloatArray, weights: FloatArray | None) -> tuple[float, float]:
    """Slope and intercept that bring the value nearest to the target (Keijzer 2003)."""
    mean, center = np.average(value, weights=weights), np.average(target, weights=weights)
    shifted = value - mean
    spread = np.average(shifted * shifted, weights=weights)
    if not spread > 1e-24 * mean * mean:
        return 0.0, float(center)
    slope = np.average(shifted * (target - center), weights=weights) / spread
    return float(slope), float(center - slope * mean)


def _function(text: str, n_features: int) -> Any:
    from deap import gp

    return gp.compile(text, primitives(n_features))


@lru_cache(maxsize=8)
def primitives(n_features: int) -> Any:
    """DEAP's typed set of primitives: the operators, k arguments x0, x1 ..., ephemeral constants."""
    from deap import gp

    typed = gp.PrimitiveSetTyped("law", [float] * n_features, float, prefix="x")
    for name, function in functions().items():
        typed.addPrimitive(function, [float] * operator(name).arity, float, name=name)
    typed.addEphemeralConstant("constant", random_constant, float)
    return typed


def random_constant() -> float:
    """A number from -5 to 5, a whole one every other time; by DEAP's random stream, that of `random`."""
    return float(random.randint(-5, 5)) if random.random() < 0.5 else random.uniform(-5.0, 5.0)
