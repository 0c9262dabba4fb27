"""Settings shared by all tests."""

from hypothesis import settings

# Compiled code makes the first example of a test slow, and examples must not change from run to run.
settings.register_profile("eqdisc", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("eqdisc")
