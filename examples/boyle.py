"""Boyle's law: the pressure of a gas times its volume stays the same.

Robert Boyle poured mercury into a bent glass tube in 1662 and wrote down, in quarter inches of tube and
inches of mercury, what volume was left to the air at which pressure.
"""

from eqdisc import discover, read_example

air = read_example("boyle")
found = discover(air, epochs=1, seed=0)

product = air.features[:, 0] * air.target
print(f"law found   pressure = {found.best.expression}")
print("Boyle       pressure * volume = constant")
print(f"his data    products from {product.min():.0f} to {product.max():.0f}, mean {product.mean():.0f}")
