"""Stefan-Boltzmann's law: a hot body radiates by the fourth power of its temperature.

Six measurements of the energy radiated from a carbon filament lamp, temperature in thousands of kelvin,
from E. S. Keeping's textbook of 1962 (Daniel and Wood, later NIST). The free search finds the fourth power.
Fitting the exponent too, as NIST does, gives 3.86 ± 0.05: a filament is not quite a black body.
"""

from eqdisc import discover, fit, read_example

lamp = read_example("danwood")
found = discover(lamp, epochs=1, seed=0)
fitted = fit(lamp, "b1*temperature**b2")

print(f"law found   energy = {found.best.expression}")
print("known       energy = constant * temperature**4   (Stefan 1879, Boltzmann 1884)")
print(f"exponent    energy = {fitted.best.expression}")
print("certified   b1 = 0.76886226176, b2 = 3.8604055871   (NIST)")
