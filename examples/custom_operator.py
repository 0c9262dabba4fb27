"""An operator of your own: the search breeds it as one piece, and the law is written out with it.

Whatever photons share out is divided by exp(x) - 1. Told of that operator, the search finds Planck's law in
the spectrum of the cosmic background, and its temperature. The intensities, in MJy/sr over waves per
centimetre, are computed for 2.725 K.
"""

import numpy as np

from eqdisc import Dataset, discover

waves = np.linspace(2.27, 21.33, 43)
intensity = 39.729 * waves**3 / np.expm1(1.438777 * waves / 2.725)
sky = Dataset.of(waves[:, None], np.round(intensity, 3), names=["waves"], target_name="intensity")

found = discover(sky, operators="* / square cube", macros=["share(x)=1/(exp(x)-1)"], epochs=2, seed=0)
print(f"intensity = {found.best.expression}")
print(f"because   {found.reason}")
print("computed  39.729*waves**3/(exp(0.527992*waves) - 1), where 1.438777 / 0.527992 = 2.725 K")
