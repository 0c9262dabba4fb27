"""Kepler's third law from eight planets, with operators of our own choice, and the period of a ninth body."""

from eqdisc import discover, read_example

planets = read_example("kepler")
found = discover(planets, operators="+ - * / sqrt square", max_size=15, epochs=2, seed=0)

print(f"{planets.target_name} = {found.best.expression}")
print(f"because {found.reason}")
for law in found.front:
    print(f"{law.complexity:>3} nodes, R2 {law.r2:.9f}, by {law.found_by}")
print(f"Ceres, 2.766 astronomical units: {found.predict([[2.766]])[0]:.2f} years")
