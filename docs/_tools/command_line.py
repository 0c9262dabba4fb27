"""The reference of the command line, written from the program itself."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from typer.models import ArgumentInfo

from eqdisc.cli import app


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command."""

    spellings: tuple[str, ...]  # of an option; none for an argument
    value: str  # placeholder of its value; empty for a flag
    meaning: str
    default: Any  # inspect.Parameter.empty where it must be given

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


def commands() -> dict[str, Callable[..., None]]:
    """The functions behind the commands, by the commands' names."""
    groups = {f"{group.typer_instance.info.name} ": group.typer_instance for group in app.registered_groups}
    return {
        prefix + (info.name or info.callback.__name__.replace("_", "-")): info.callback
        for prefix, commands_of in {"": app, **groups}.items()
        for info in commands_of.registered_commands
        if info.callback is not None and not info.hidden
    }


def option_names() -> dict[str, set[str]]:
    """The options of each command, in all spellings."""
    return {
        name: {"--help", *(text for parameter in _parameters(callback) for text in parameter.spellings)}
        for name, callback in commands().items()
    }


def reference() -> str:
    """Every command as Markdown: how it is called, what it does, its arguments and options."""
    return "\n\n".join(_command(name, callback) for name, callback in commands().items())


def _command(name: str, callback: Callable[..., None]) -> str:
    parameters = list(_parameters(callback))
    arguments = [p.value if p.required else f"[{p.value}]" for p in parameters if not p.spellings]
    parts = [
        f"## eqdisc {name}",
        "```text\n" + " ".join(["eqdisc", name, *arguments, "[OPTIONS]"]) + "\n```",
        inspect.getdoc(callback) or "",
    ]
    if parameters:
        rows = [f"| {_title(p)} | {_cell(p.meaning)} | {_default(p)} |" for p in parameters]
        parts.append("\n".join(["| | meaning | default |", "|---|---|---|", *rows]))
    return "\n\n".join(part for part in parts if part)


def _parameters(callback: Callable[..., None]) -> Iterator[Parameter]:
    hints = get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info, *_ = (*get_args(hints[name]), None)
        meaning, placeholder = getattr(info, "help", None) or "", getattr(info, "metavar", None)
        if isinstance(info, ArgumentInfo):
            yield Parameter((), placeholder or name.upper(), meaning, parameter.default)
            continue
        flag = kind is bool
        # In Annotated, what is written first is kept as the default.
        first = getattr(info, "default", None)
        given = [*([first] if isinstance(first, str) else []), *(getattr(info, "param_decls", None) or ())]
        long = f"--{name.replace('_', '-')}"
        spellings = tuple(given) if given else (long, f"--no-{long[2:]}") if flag else (long,)
        spellings = tuple(part for text in spellings for part in text.split("/"))
        value = "" if flag else placeholder or _kind(kind)
        yield Parameter(spellings, value, meaning, parameter.default)


def _kind(kind: Any) -> str:
    plain = next((part for part in get_args(kind) if part is not type(None)), kind)
    plain = next(iter(get_args(plain)), plain)
    return {"int": "N", "float": "NUMBER", "Path": "PATH"}.get(getattr(plain, "__name__", ""), "TEXT")


def _title(parameter: Parameter) -> str:
    written = ", ".join(parameter.spellings)
    text = f"{written} {parameter.value}".strip().replace("|", "\\|")
    return f"`{text}`" + (" (required)" if parameter.required and parameter.spellings else "")


def _default(parameter: Parameter) -> str:
    unsaid = (None, False, ())
    if parameter.required or any(parameter.default is value for value in unsaid):
        return ""
    return f"`{parameter.default}`"


def _cell(text: str) -> str:
    return re.sub(r"([|*])", r"\\\1", " ".join(text.split()))
