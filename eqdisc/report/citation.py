"""How to cite eqdisc: the words of CITATION.cff, for reports that travel without it."""

from importlib import import_module

TITLE = "eqdisc: equation discovery from tables"
AUTHORS = "The eqdisc developers"


def version() -> str:
    """The version of eqdisc that is running.

    Fetched by name: an import of the package as a whole would bring in every room above this one.
    """
    return str(import_module("eqdisc").__version__)


def citation() -> str:
    """The text of CITATION.cff for this version."""
    return (
        "cff-version: 1.2.0\n"
        'message: "If you use eqdisc in your work, please cite it as below."\n'
        f'type: software\ntitle: "{TITLE}"\nversion: {version()}\nlicense: MIT\n'
        f'authors:\n  - name: "{AUTHORS}"\n'
    )


def bibtex() -> str:
    """An entry for a bibliography.

    >>> bibtex().splitlines()[0]
    '@software{eqdisc,'
    """
    return (
        "@software{eqdisc,\n"
        f"  title   = {{{TITLE}}},\n  author  = {{{{{AUTHORS}}}}},\n  version = {{{version()}}},\n"
        "  license = {MIT}\n}"
    )
