"""Antoine's equation: how the pressure of water vapour grows with temperature.

The table is that of the CRC Handbook (2005), kelvin and kPa from the freezing to the boiling point. Louis
Antoine wrote in 1888 p = exp(A - B / (T - C)), which corrects the law of Clausius and Clapeyron (C = 0) for
a latent heat that changes with temperature. A search among all functions finds even closer laws of three
and more terms; what chemists use is found where only their operators are allowed, and as many nodes as
three constants take.
"""

from eqdisc import discover, read_example

water = read_example("water_vapour")
found = discover(water, operators="+ - / exp", max_size=8, epochs=2, seed=0)

for law in found.front[-2:]:  # that of Clausius and Clapeyron, and the one chosen
    print(f"{law.complexity} nodes     pressure = {law.expression}   (mean square {law.loss:.2g})")
print(f"chosen      pressure = {found.best.expression}")
print("Antoine     pressure = exp(16.3872 - 3885.70 / (temperature - 42.98))   (of textbooks)")
boiling = found.predict([[373.15]])[0]
print(f"at 100 C    {boiling:.2f} kPa; one standard atmosphere is 101.325")
