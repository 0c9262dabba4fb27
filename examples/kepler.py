"""Kepler's third law: the square of a planet's period is the cube of its distance from the sun.

Johannes Kepler published it in 1619 from Tycho Brahe's observations; the eight planets of this table are as
tabulated today, in years and astronomical units, so that the constant of the law is one.
"""

from eqdisc import discover, read_example

planets = read_example("kepler")
found = discover(planets, epochs=1, seed=0)

print(f"law found   {planets.target_name} = {found.best.expression}")
print("Kepler      period**2 = semi_major_axis**3")
print(f"because     {found.reason}")
ceres = found.predict([[2.766]])[0]
print(f"Ceres       at 2.766 astronomical units takes {ceres:.2f} years; observed are 4.60")
