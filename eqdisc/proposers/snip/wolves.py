"""Grey wolves in the latent space: what decodes to a good law leads the others.

Latent space optimisation of SNIP (Meidani and others 2024, section 4) with the grey wolf optimiser (Mirjalili
and others 2014): all move towards the three best found so far, in smaller and smaller circles.
"""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.proposers.snip.eye import Eye
from eqdisc.search.proposer import State

ITERATIONS = 80
WOLVES, SUBSAMPLES, NOISY = 50, 15, 10  # in all, from halves of the rows, from noisy targets
LEAST_NOISE, MOST_NOISE = 0.01, 0.028  # of the spread of the target
WIDEST = 2.0  # standard deviations of what is added to the first wolf for the others
LEADERS = 3


@dataclass
class Pack:
    """The wolves.

    latents   : (w, L, width), where they are
    leaders   : (3, L, width), the best places so far, best first; losses : (3,), what was found there
    iteration : steps done, of `ITERATIONS`
    """

    latents: AnyArray
    leaders: AnyArray
    losses: FloatArray
    iteration: int = 0

    @staticmethod
    def of(eye: Eye, target: FloatArray, random: np.random.Generator) -> "Pack":
        """Around the place of a table: of bags of its rows, of noisy ones, and at random."""
        n = target.size
        rows = np.arange(n)
        places = [eye.bag(target, rows)]
        half = max(4, n // 2)
        places += [eye.bag(target, random.permutation(n)[:half]) for _ in range(SUBSAMPLES)]
        for noise in np.linspace(LEAST_NOISE, MOST_NOISE, NOISY):
            noisy = target + noise * np.std(target) * random.standard_normal(n)
            places.append(eye.bag(noisy, rows))
        for _ in range(WOLVES - len(places)):
            width = random.uniform(0.0, WIDEST)
            places.append(places[0] + width * random.standard_normal(places[0].shape))
        latents = np.array(places, np.float32)
        return Pack(latents, latents[:LEADERS].copy(), np.full(LEADERS, np.inf))

    def step(self, losses: FloatArray, random: np.random.Generator) -> None:
        """Move, given what was found (w,) where the wolves are; infinite where that is no law.

        Within the bounds of the pack as it was.
        """
        found = np.concatenate([self.losses, losses])
        places = np.concatenate([self.leaders, self.latents])
        best = np.argsort(found, kind="stable")[:LEADERS]
        self.leaders, self.losses = places[best], found[best]
        reach = 2.0 * (1.0 - self.iteration / ITERATIONS)
        low, high = self.latents.min(axis=0), self.latents.max(axis=0)
        moved = np.zeros_like(self.latents)
        for leader in self.leaders:
            first, second = random.random((2, *self.latents.shape), np.float32)
            distance = np.abs(2.0 * second * leader - self.latents)
            moved += (leader - reach * (2.0 * first - 1.0) * distance) / LEADERS
        self.latents = np.clip(moved, low, high).astype(np.float32)
        self.iteration += 1

    def state(self) -> State:
        """All of it."""
        return {
            "latents": self.latents.copy(),
            "leaders": self.leaders.copy(),
            "losses": self.losses.copy(),
            "iteration": self.iteration,
        }

    @staticmethod
    def restored(state: State) -> "Pack":
        """As it was when `state` was taken."""
        losses = np.array(state["losses"], float)
        return Pack(state["latents"].copy(), state["leaders"].copy(), losses, int(state["iteration"]))
