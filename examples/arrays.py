"""Your own numbers: arrays in, law out, with the law as SymPy, LaTeX and a function."""

import numpy as np

from eqdisc import Dataset, discover

rng = np.random.default_rng(0)
mass = rng.uniform(1.0, 5.0, 80)
height = rng.uniform(0.5, 2.0, 80)
energy = 9.81 * mass * height + rng.normal(0.0, 0.05, 80)

table = Dataset.of(np.column_stack([mass, height]), energy, names=["mass", "height"], target_name="energy")
found = discover(table, epochs=1, seed=0)

print(f"energy = {found.best.expression}")
print(f"LaTeX    {found.best.latex(digits=3)}")
print(f"SymPy    derivative by height: {found.best.sympy().diff('height')}")
print(f"predict  {found.predict([[2.0, 1.0]])[0]:.2f}")
