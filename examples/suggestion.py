"""A law we suspect, as a suggestion: its constants are fitted, and every other strategy may still beat it.

The pressure of water vapour over temperature in kelvin; suggested is the law of Clausius and Clapeyron with
rough constants. `per` is an operator of our own.
"""

from eqdisc import discover, read_example
from eqdisc.proposers.seeds import Seeds

table = read_example("water_vapour")
clausius_clapeyron = Seeds(("exp(17 - 5000/temperature)",))
proposers = [clausius_clapeyron, "closed_form", "gp"]

found = discover(table, proposers=proposers, macros=["per(x)=1/(x+1)"], max_size=20, epochs=2, seed=0)
for law in found.front:
    print(f"{law.found_by:<12} {law.complexity:>3} nodes  loss {law.loss:.3g}")
print(f"chosen: {found.best.expression}")
