"""Hubble's law: the farther a galaxy, the faster it recedes.

Edwin Hubble's 24 nebulae of 1929, distance in megaparsec and radial velocity in km/s. The galaxies' own
motions scatter by hundreds of km/s and some come towards us: a straight line through the origin explains 62
% of the variance, and no longer law is worth its length.
"""

from eqdisc import discover, read_example

nebulae = read_example("hubble")
found = discover(nebulae, epochs=1, seed=0)

distance, velocity = nebulae.features[:, 0], nebulae.target
slope = distance @ velocity / (distance @ distance)
print(f"law found   velocity = {found.best.expression}   (R2 {found.best.r2:.2f})")
print(f"Hubble      velocity = H * distance; least squares gives H = {slope:.0f} km/s per Mpc")
