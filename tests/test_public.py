"""The public names: listed once, found where they are said to be, fetched only when used."""

import ast
from pathlib import Path

import pytest

import eqdisc


@pytest.mark.parametrize("name", eqdisc.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(eqdisc, name) is not None
    assert name in dir(eqdisc)


def test_type_checkers_are_told_of_the_same_names() -> None:
    tree = ast.parse(Path(eqdisc.__file__).read_text(encoding="utf-8"))
    (told,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in told.body if isinstance(node, ast.ImportFrom)]
    assert {(node.module, alias.name) for node in imports for alias in node.names} == {
        (module, name) for module, names in eqdisc._HOMES.items() for name in names
    }
    assert set(eqdisc._HOME_OF) < set(eqdisc.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'discovr'"):
        _ = eqdisc.discovr
