"""Facts of the SRSD-Feynman problems, read by `importlib.resources.files("srsd_data")`; see README.md."""
