"""Settings shared by all tests."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Compiled code makes the first example of a test slow, and examples must not change from run to run.
settings.register_profile("eqdisc", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("eqdisc")


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_linear_algebra() -> Iterator[None]:
    """As a search has it: strategies that tests start themselves are many times slower with more."""
    import numpy  # noqa: F401  (its library must be there to be told)

    with threadpool_limits(1, user_api="blas"):
        yield
