"""`python -m eqdisc` is the command `eqdisc`."""

from eqdisc.cli import main

if __name__ == "__main__":
    main()
