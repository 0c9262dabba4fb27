"""How often a law comes back when the rows it was found from are drawn again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stability:
    """Outcome of resampling.

    resamples : tables drawn with replacement from the rows and searched afresh
    returned  : how many of them gave the same law, constants that were fitted aside
    others    : the other laws that came, as text with constants named, and how often; most frequent first
    """

    resamples: int
    returned: int
    others: tuple[tuple[str, int], ...]
