"""The program called as by the command line, in this process."""

from typing import Any

from typer.testing import CliRunner

from eqdisc.cli import app


def ask(*arguments: str, code: int = 0, **keywords: Any) -> str:
    """What the command prints: the answer, or the complaint where one is expected."""
    result = CliRunner().invoke(app, list(arguments), **keywords)
    assert result.exit_code == code, result.output
    if code:
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert "Traceback" not in result.stderr
        return result.stderr
    return result.stdout
