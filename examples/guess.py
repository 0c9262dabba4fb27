"""A law you suspect, as a guess: its constants are fitted, and every other strategy may still beat it.

The pressure of water vapour over temperature in kelvin; guessed is the law of Clausius and Clapeyron with
rough constants.
"""

from eqdisc import discover, read_example

table = read_example("water_vapour")
found = discover(table, guesses=["exp(17 - 5000/temperature)"], operators="+ - / exp", max_size=6, epochs=2)

for law in found.front:
    print(f"{law.found_by:<12} {law.complexity:>3} nodes  loss {law.loss:.3g}")
print(f"chosen: {found.best.expression}")
