"""Whether the time is up: every stage that may take long asks, and ends with what it has."""

from collections.abc import Callable

Late = Callable[[], bool]


def never() -> bool:
    """There is all the time in the world."""
    return False
