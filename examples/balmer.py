"""Balmer's formula: the lines of hydrogen in visible light have wavelengths b n^2 / (n^2 - 4).

Johann Balmer, a teacher of mathematics, guessed it in 1885 from four lines that Anders Angstrom had
measured. Quantum theory explained it a generation later. The seven lines of this table are today's, in
nanometres of air.
"""

from eqdisc import discover, read_example

lines = read_example("balmer")
found = discover(lines, epochs=1, seed=0)

print(f"law found   wavelength = {found.best.expression}")
print("Balmer      wavelength = 364.56 * n**2 / (n**2 - 4)")
tenth = found.predict([[10]])[0]
print(f"n = 10      is predicted at {tenth:.2f} nm; it was observed at 379.79")
