"""Settings shared by all tests."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Compiled code makes the first example of a test slow, and examples must not change from run to run.
settings.register_profile("eqdisc", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("eqdisc")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before all tests are run by several processes, compile once what each of them would compile."""
    config = session.config
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if everything and config.getoption("numprocesses", None) and not config.option.collectonly:
        subprocess.run([sys.executable, "-m", "tests.warm"], cwd=config.rootpath, check=True)


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_linear_algebra() -> Iterator[None]:
    """As a search has it: strategies that tests start themselves are many times slower with more."""
    import numpy  # noqa: F401  (its library must be there to be told)

    with threadpool_limits(1, user_api="blas"):
        yield
