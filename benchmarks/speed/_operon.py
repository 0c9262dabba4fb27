"""pyoperon on the other side: random trees by its own creator, the same trees as our programs, its evaluator
and its fits.

Traps of pyoperon 0.6.2 that this module knows of: a `CoefficientOptimizer` keeps no reference to its
`LMOptimizer`, so that a temporary one crashes the interpreter; a `Dataset` borrows the array it is made
from, which must outlive it; the *first* operand of node i is node i - 1; `CalculateFitness` over a list
is broken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyoperon
from numpy.typing import NDArray

from eqdisc._typing import FloatArray
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import CONSTANT, VARIABLE, code_of

ARITHMETIC = ("add", "sub", "mul", "div")
#: Sets of operators, by our names, which are pyoperon's symbols in lower case.
OPERATORS = {"arith": ARITHMETIC, "full": (*ARITHMETIC, "sin", "cos", "exp", "log", "sqrt", "square")}
N_FEATURES = 10

_TYPES = {name: getattr(pyoperon.NodeType, name.capitalize()) for name in OPERATORS["full"]}
_CODES = {pyoperon.NodeType.Variable: VARIABLE, pyoperon.NodeType.Constant: CONSTANT}
_CODES |= {kind: code_of(name) for name, kind in _TYPES.items()}


def uniform_table(rows: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Features and an unrelated target from [-1, 1], float64 numbers that float32 holds exactly."""
    table = np.random.default_rng(seed).uniform(-1, 1, (rows, N_FEATURES + 1)).astype(np.float32)
    return table[:, :-1].astype(float), table[:, -1].astype(float)


def friedman_table(rows: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """The first problem of Friedman (1991) with noise of unit variance; half of the features are idle."""
    random = np.random.default_rng(seed)
    x = random.uniform(0, 1, (rows, N_FEATURES)).astype(np.float32).astype(float)
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, (y + random.normal(size=rows)).astype(np.float32).astype(float)


@dataclass(frozen=True)
class Table:
    """A table as pyoperon holds it (float32), and the problem stated on all of its rows."""

    array: NDArray[np.float32]
    dataset: Any
    problem: Any
    rows: Any

    @classmethod
    def of(cls, features: FloatArray, target: FloatArray) -> "Table":
        """The last column is the target."""
        array = np.asfortranarray(np.c_[features, target].astype(np.float32))
        dataset = pyoperon.Dataset(array)
        rows = pyoperon.Range(0, len(target))
        problem = pyoperon.Problem(dataset)
        problem.TrainingRange = problem.TestRange = rows
        problem.Target = dataset.Variables[-1]
        problem.InputHashes = [v.Hash for v in dataset.Variables][:-1]
        return cls(array, dataset, problem, rows)

    def values(self, tree: Any) -> FloatArray:
        """(n,) values of one tree."""
        return np.asarray(pyoperon.Evaluate(tree, self.dataset, self.rows), float)


def random_trees(operators: str, count: int, seed: int = 1, longest: int = 50) -> list[Any]:
    """Trees by the `BalancedTreeCreator`: lengths uniform from 1 to `longest`, normal coefficients."""
    table = Table.of(*uniform_table(16))
    names = OPERATORS[operators]
    kinds = [pyoperon.NodeType.Constant, pyoperon.NodeType.Variable, *(_TYPES[name] for name in names)]
    table.problem.ConfigurePrimitiveSet(sum(int(kind) for kind in kinds))
    primitives = table.problem.PrimitiveSet
    for name in ARITHMETIC:
        primitives.SetMinMaxArity(pyoperon.Node(_TYPES[name]), 2, 2)
    create = pyoperon.BalancedTreeCreator(primitives, table.problem.InputHashes, 0.0)
    coefficients = pyoperon.NormalCoefficientInitializer()
    coefficients.ParameterizeDistribution(0, 1)
    random = pyoperon.RandomGenerator(seed)
    trees = []
    for length in np.random.default_rng(seed).integers(1, longest + 1, count):
        tree = create(random, int(length), 0, 1000)
        coefficients(random, tree)
        trees.append(tree)
    return trees


def programs_of(trees: Sequence[Any], dataset: Any) -> Programs:
    """The same trees as our programs; a variable keeps its weight in `values`."""
    columns = {variable.Hash: variable.Index for variable in dataset.Variables}
    ops: list[int] = []
    args: list[int] = []
    values: list[float] = []
    offsets = [0]
    for tree in trees:
        nodes = tree.Nodes
        for i in _our_order(nodes):
            node = nodes[i]
            code = _CODES[node.Type]
            ops.append(code)
            args.append(columns[node.HashValue] if code == VARIABLE else 0)
            values.append(node.Value if code in (VARIABLE, CONSTANT) else 0.0)
        offsets.append(len(ops))
    return Programs(
        np.array(ops, np.int32), np.array(args, np.int32), np.array(values), np.array(offsets, np.int64)
    )


def _our_order(nodes: Sequence[Any]) -> list[int]:
    """Node indices in postfix order with the first operand first: pyoperon has it last."""
    order: list[int] = []
    waiting = [(len(nodes) - 1, False)]
    while waiting:
        i, operands_done = waiting.pop()
        if operands_done or nodes[i].Arity == 0:
            order.append(i)
            continue
        waiting.append((i, True))
        operand = i - 1
        operands = []
        for _ in range(nodes[i].Arity):
            operands.append(operand)
            operand -= nodes[operand].Length + 1
        waiting += [(operand, False) for operand in reversed(operands)]
    return order


class Fitness:
    """What its genetic programming asks of every individual: `Evaluator(R2, linear scaling)`."""

    def __init__(self, table: Table, trees: Sequence[Any]) -> None:
        self._table = table  # the evaluator keeps no reference
        self._dispatch = pyoperon.DispatchTable()
        self._evaluate = pyoperon.Evaluator(table.problem, self._dispatch, pyoperon.R2(), True)
        self._random = pyoperon.RandomGenerator(1)
        self._individuals = [pyoperon.Individual(1) for _ in trees]
        for individual, tree in zip(self._individuals, trees, strict=True):
            individual.Genotype = tree

    def __call__(self) -> FloatArray:
        """(trees,) R2 after optimal slope and intercept; pyoperon minimises its negative."""
        evaluate, random = self._evaluate, self._random
        return -np.array([evaluate(random, individual)[0] for individual in self._individuals])


class Fitter:
    """Levenberg-Marquardt by its `CoefficientOptimizer`, at most `iterations` accepted steps a tree."""

    def __init__(self, table: Table, trees: Sequence[Any], iterations: int) -> None:
        self._table, self._trees = table, trees
        self._dispatch = pyoperon.DispatchTable()
        self._optimizer = pyoperon.LMOptimizer(self._dispatch, table.problem, max_iter=iterations)
        self._fit = pyoperon.CoefficientOptimizer(self._optimizer)
        self._random = pyoperon.RandomGenerator(1)

    def __call__(self) -> list[tuple[Any, Any]]:
        """Fitted tree and summary of the steps, for every tree."""
        fit, random = self._fit, self._random
        return [fit(random, tree) for tree in self._trees]
