"""Labels of the generated laws against what SymPy and slow Python find."""

import mpmath
import numpy as np
import pytest
import sympy

from eqdisc.expr.operators import OPERATORS
from eqdisc.interop.sympy_bridge import to_sympy
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings

NAMES = [f"x{j}" for j in range(10)]
JUMPS = {"min", "max", "abs", "sign", "floor", "mod", "where", "atan2", "cbrt"}


def laws_and_labels(seed, count, **settings):
    """Laws with the batch of their labels; no noise."""
    generator = Generator(seed, GeneratorSettings(noisy=0.0, **settings))
    batch, laws = generator.labelled_laws(count, 40)
    return laws, batch


def mixed(law, i, j, rows):
    """f, its derivatives by inputs i and j, and the mixed one, to fifty digits, on rows where they exist."""
    symbols = sympy.symbols(NAMES, real=True)
    f = to_sympy(law, NAMES).xreplace(dict(zip(sympy.symbols(NAMES), symbols, strict=True)))
    f = sympy.nsimplify(f, rational=True)
    by_i, by_j = sympy.diff(f, symbols[i]), sympy.diff(f, symbols[j])
    function = sympy.lambdify(symbols, [f, by_i, by_j, sympy.diff(by_i, symbols[j])], "mpmath", cse=True)
    found = []
    for row in rows:
        try:
            found.append(function(*map(mpmath.mpf, row.tolist())))
        except ZeroDivisionError:
            continue
    return found


def assert_separations_are_those_of_sympy(laws, batch):
    compared = {"additive": [], "multiplicative": []}
    with mpmath.workdps(50):
        for k, law in enumerate(laws):
            if JUMPS & {OPERATORS[o].name for o in np.flatnonzero(batch.operators[k])}:
                continue
            for i, j in np.argwhere(np.triu(batch.pairs[k])):
                values = mixed(law, i, j, batch.features[k, :4])
                if not values:
                    continue
                sums = all(abs(fij * f) <= 1e-30 * abs(fi * fj) for f, fi, fj, fij in values)
                products = all(abs(fij * f - fi * fj) <= 1e-30 * abs(fi * fj) for f, fi, fj, fij in values)
                assert batch.additive[k, i, j] == sums, f"{law}: x{i}, x{j}"
                assert batch.multiplicative[k, i, j] == products, f"{law}: x{i}, x{j}"
                compared["additive"].append(sums)
                compared["multiplicative"].append(products)
    return compared


def test_separations_are_those_of_mixed_derivatives():
    laws, batch = laws_and_labels(7, 60, inputs=(0.0, 1.0, 1.0))
    compared = assert_separations_are_those_of_sympy(laws, batch)
    for kind in compared.values():
        assert 5 < sum(kind) < len(kind) - 5


@pytest.mark.slow
def test_separations_of_many_laws_are_those_of_mixed_derivatives():
    compared = assert_separations_are_those_of_sympy(*laws_and_labels(8, 120))
    assert len(compared["additive"]) > 300
