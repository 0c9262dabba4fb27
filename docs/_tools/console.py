"""Console blocks of the pages: the program is loaded once, by the build, and not anew for each command."""

import shlex
import subprocess
import sys
import traceback
import warnings
from typing import Any, TextIO

from markdown_exec import ExecutionError, base_format
from typer.testing import CliRunner

from eqdisc.cli import app

PROMPT = "$ "


def formatted(**settings: Any) -> Any:
    """A block as HTML, its command run; for `markdown_exec.formatters`."""
    return base_format(language="console", run=_run, transform_source=_without_prompts, **settings)


def output(command: str, returncode: int = 0) -> str:
    """What a command prints, complaints included; ExecutionError where it exits with another code.

    >>> output("eqdisc --version").startswith("eqdisc ")
    True
    """
    words = _call(command)
    code, printed = _by_shell(command) if words is None else _here(words)
    if code != returncode:
        raise ExecutionError(printed, code)
    return printed


def _run(command: str, returncode: int = 0, **_: Any) -> str:
    return output(command, returncode)


def _without_prompts(block: str) -> tuple[str, str]:
    """The commands of a block: to be run, and to be shown."""
    commands = [line.removeprefix(PROMPT) for line in block.split("\n") if line.startswith(PROMPT)]
    return "\n".join(commands), "\n".join(PROMPT + command for command in commands)


def _call(command: str) -> list[str] | None:
    """The arguments of a call of eqdisc; None where there is more for a shell to do."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|;<>&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = list(lexer)
    joined = any(not word.strip(lexer.punctuation_chars) for word in words if word)
    if words[:1] != ["eqdisc"] or joined or {"\n", "$", "`", "#"} & {*command}:
        return None
    return words[1:]


def _by_shell(command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
    )
    return done.returncode, done.stdout


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def _here(words: list[str]) -> tuple[int, str]:
    with warnings.catch_warnings():
        # The build would log them; the program, as any of Python's, writes all but these where errors go.
        warnings.simplefilter("default")
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        warnings.showwarning = _warn
        done = CliRunner().invoke(app, words, prog_name="eqdisc")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return 1, done.output + "".join(traceback.format_exception(done.exception))
    return done.exit_code, done.output
