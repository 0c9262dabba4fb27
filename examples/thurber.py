"""Electron mobility in a semiconductor: a form of seven constants, and a law of four that does better.

R. Thurber's measurements (NIST, 1970s) of mobility over the logarithm of density. NIST describes them by a
quotient of two cubic polynomials, chosen because it bends as needed; no theory stands behind it. Given the
form, its seven certified constants come back. Left free, the search finds a saturation curve of four
constants whose residual is smaller.
"""

from eqdisc import discover, fit, read_example

FORM = "(b1 + b2*x + b3*x**2 + b4*x**3) / (1 + b5*x + b6*x**2 + b7*x**3)"

semiconductor = read_example("thurber")
found = fit(semiconductor, FORM.replace("x", "log_density"))
free = discover(semiconductor, epochs=1, seed=0)

print(f"form given  mobility = {found.best.expression}   (mean square {found.best.loss:.4g})")
print("certified   1288.14, 1491.08, 583.238, 75.4166; 0.966295, 0.397973, 0.0497273   (NIST)")
print(f"free search mobility = {free.best.expression}   (mean square {free.best.loss:.4g})")
