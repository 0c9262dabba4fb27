"""The models of other packages, brought into our language: the same values."""

import random
from importlib.util import find_spec

import numpy as np
import pytest

from eqdisc.benchmark.method import OPERATORS, Budget
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate

BUDGET = Budget(1.0, 1)


def table(n_rows=100, seed=0, low=-2.0):
    features = np.random.default_rng(seed).uniform(low, 3.0, (n_rows, 3))
    return Dataset.of(features, features[:, 0] * np.sin(features[:, 1]) + features[:, 2])


if find_spec("gplearn"):
    from eqdisc.benchmark.methods import gplearn_gp

    @pytest.fixture(scope="module")
    def programs():
        """A random generation of gplearn, and its rows."""
        from gplearn.genetic import SymbolicRegressor

        data = table()
        settings = {"function_set": gplearn_gp._functions(), "init_depth": (2, 7), "const_range": (-3.0, 3.0)}
        model = SymbolicRegressor(population_size=300, generations=1, random_state=0, **settings)
        with np.errstate(all="ignore"):
            model.fit(data.features, data.target)
            return data.features, [(p.program, p.execute(data.features)) for p in model._programs[0]]

    def test_gplearn_has_all_operators():
        names = {f if isinstance(f, str) else f.name for f in gplearn_gp._functions()}
        assert names == set(OPERATORS)

    def test_a_program_of_gplearn_keeps_its_values_on_the_rows_of_the_table(programs):
        features, found = programs
        acted = set()
        for program, values in found:
            law, protected = gplearn_gp.expression_of(program, features)
            acted |= set(protected)
            fine = np.isfinite(values)
            with np.errstate(all="ignore"):
                ours = evaluate(law, features)
            np.testing.assert_allclose(ours[fine], values[fine], rtol=1e-9)
        assert acted >= {"div", "log", "sqrt"}  # there was something to protect

    def test_an_operator_that_is_never_protected_is_written_plainly():
        from gplearn.functions import _function_map

        program = [_function_map["div"], 0, _function_map["sqrt"], 1]
        positive, _ = np.random.default_rng(0).uniform(1.0, 2.0, (2, 20, 2))
        law, protected = gplearn_gp.expression_of(program, positive)
        assert (repr(law), protected) == ("<Expression x0/sqrt(x1)>", [])
        law, protected = gplearn_gp.expression_of(program, positive - 1.5)
        assert (repr(law), protected) == ("<Expression x0/sqrt(abs(x1))>", ["sqrt"])

    def test_gplearn_ends_in_the_middle_of_a_generation():
        slow = gplearn_gp.Gplearn(population=100_000)
        answer = slow.solve(table(), Budget(0.3, 1), 0, None)
        assert answer.details["note"] == "no generation was finished"
        assert answer.predict(table().features) == pytest.approx(table().target.mean())


if find_spec("pyoperon"):
    from eqdisc.benchmark.methods import pyoperon_gp

    @pytest.fixture(scope="module")
    def fitted():
        """A front of pyoperon on all operators, with the rows it was fitted to."""
        from pyoperon.sklearn import SymbolicRegressor

        data = table(low=0.5)
        symbols = ",".join((*pyoperon_gp._symbols(OPERATORS), "constant", "variable"))
        model = SymbolicRegressor(
            allowed_symbols=symbols, objectives=["r2", "length"], optimizer_iterations=2, generations=15,
            population_size=500, initialization_max_length=40, random_state=3,
        )  # fmt: skip
        return data, model.fit(data.features, data.target)

    def test_pyoperon_has_all_operators_but_the_cube():
        assert set(pyoperon_gp._symbols(OPERATORS)) == {*OPERATORS} - {"cube"}

    def test_a_tree_of_pyoperon_keeps_its_values(fitted):
        data, model = fitted
        columns = {name: j for j, name in enumerate(model.variables_)}
        assert len(model.pareto_front_) > 3
        for member in model.pareto_front_:
            law = pyoperon_gp.expression_of(member["tree"].Nodes, columns)
            theirs = model.evaluate_model(member["tree"], data.features)
            np.testing.assert_allclose(
                evaluate(law, data.features), theirs, rtol=2e-4, atol=2e-5 * np.std(data.target)
            )

    def test_every_tree_pyoperon_can_grow_is_read_in_the_right_order():
        """Operands that do not commute: its first operand is the one next to the operator."""
        import pyoperon

        values = np.array([[4.0, 9.0]])
        dataset = pyoperon.Dataset(np.asfortranarray(np.c_[values, 0.0].astype(np.float32)))
        a, b = (v.Hash for v in dataset.Variables[:2])
        for kind in (pyoperon.NodeType.Sub, pyoperon.NodeType.Div):
            first, second = pyoperon.Node.Variable(2.0), pyoperon.Node.Variable(1.0)
            first.HashValue, second.HashValue = a, b
            nodes = [second, first, pyoperon.Node(kind)]
            nodes[2].Arity = 2
            tree = pyoperon.Tree(nodes).UpdateNodes()
            law = pyoperon_gp.expression_of(tree.Nodes, {a: 0, b: 1})
            theirs = pyoperon.Evaluate(tree, dataset, pyoperon.Range(0, 1))
            assert evaluate(law, values)[0] == pytest.approx(float(theirs[0]), rel=1e-6)

    def test_single_precision_is_printed_as_it_was_meant():
        assert pyoperon_gp._number(float(np.float32(0.3))) == 0.3


if find_spec("deap"):
    from eqdisc.benchmark.methods import deap_fitness, deap_nsga2

    @pytest.fixture(scope="module")
    def trees():
        random.seed(0)
        breeder = deap_nsga2._Breeder(deap_nsga2.Deap(), 3)
        return [breeder.random_tree() for _ in range(300)]

    def test_a_tree_of_deap_keeps_its_values(trees):
        from deap import gp

        data = table()
        with np.errstate(all="ignore"):
            for tree in trees:
                theirs = gp.compile(tree, deap_fitness.primitives(3))(*data.features.T)
                ours = evaluate(deap_fitness.expression_of(tree), data.features)
                np.testing.assert_allclose(ours, np.broadcast_to(theirs, ours.shape), rtol=1e-12)

    def test_both_fitnesses_agree_on_trees_without_constants(trees):
        plain = [tree for tree in trees if "." not in str(tree)]
        assert len(plain) > 50
        data = table()
        own = deap_fitness.NumpyFitness(data, 1)(plain)
        compiled = deap_fitness.CompiledFitness(data, 2)(plain)
        both = np.isfinite(own) & np.isfinite(compiled)
        assert np.count_nonzero(both) > 25
        # A tree such as x1 - x1 explains nothing to NumPy; ours knows that it is constant and refuses it.
        useless = np.isfinite(own) & ~np.isfinite(compiled)
        np.testing.assert_allclose(own[useless], np.var(data.target))
        assert not np.any(np.isfinite(compiled) & ~np.isfinite(own))
        np.testing.assert_allclose(own[both], compiled[both], rtol=1e-6)

    def test_our_fitness_brings_constants_home_and_leaves_shared_ones_alone():
        from deap import gp

        typed = deap_fitness.primitives(3)
        tree = gp.PrimitiveTree.from_string("exp(mul(1.0, x0))", typed)
        old = tree[2]
        features = table().features
        data = Dataset.of(features, 2.0 * np.exp(0.5 * features[:, 0]) - 1.0)
        fresh = typed.mapping["constant"]()
        tree[2], fresh.value = fresh, 1.0
        (loss,) = deap_fitness.CompiledFitness(data, 1)([tree])
        for _ in range(5):
            (loss,) = deap_fitness.CompiledFitness(data, 1)([tree])
        assert loss < 1e-20
        assert tree[2].value == pytest.approx(0.5)
        assert (old.value, fresh.value) == (1.0, 1.0)
        law = deap_fitness.CompiledFitness(data, 1).law(tree, data)
        np.testing.assert_allclose(evaluate(law, features), data.target, rtol=1e-9)

    def test_workers_give_what_one_process_gives(trees):
        data = table()
        two = deap_fitness.NumpyFitness(data, 2)(trees)
        np.testing.assert_array_equal(deap_fitness.NumpyFitness(data, 1)(trees), two)

    def test_the_stream_of_the_user_is_put_back():
        random.seed(11)
        before = random.getstate()
        deap_nsga2.Deap(generations=1).solve(table(), BUDGET, 0, None)
        assert random.getstate() == before

    def test_children_stay_within_the_limits():
        random.seed(1)
        settings = deap_nsga2.Deap(population=40, max_size=12, max_height=4)
        breeder = deap_nsga2._Breeder(settings, 3)
        parents = [breeder.random_tree() for _ in range(40)]
        for _ in range(10):
            for place, tree in enumerate(parents):
                tree.fitness.values = (float(place), len(tree))
                tree.fitness.crowding_dist = 0.0
            parents = breeder.offspring(parents)
        bound = max(len(breeder.random_tree()) for _ in range(500))
        assert all(len(tree) <= max(bound, 31) and tree.height <= 4 for tree in parents)
