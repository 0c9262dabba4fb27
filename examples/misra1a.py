"""Monomolecular adsorption: a form that is known, and the fit that NIST certifies.

D. Misra measured in 1978, for dental research, the volume of a gas adsorbed at rising pressure. NIST uses
the table to test fitting programs by the form b1 * (1 - exp(-b2 * pressure)). A free search answers with
another law of two constants, Langmuir's isotherm of 1916, which comes closer to the 14 rows than NIST's
form does: the data do not single out the form. Who knows it gives it.
"""

from eqdisc import discover, fit, read_example

adsorption = read_example("misra1a")
free = discover(adsorption, epochs=1, seed=0)
found = fit(adsorption, "b1*(1 - exp(-b2*pressure))")

print(f"free search volume = {free.best.expression}   (mean square {free.best.loss:.2g})")
print(f"form given  volume = {found.best.expression}   (mean square {found.best.loss:.2g})")
print("certified   b1 = 238.94212918, b2 = 0.00055015643181   (NIST)")
