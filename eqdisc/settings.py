"""What a search is told, as plain data that a file can hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from eqdisc.errors import DataError


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value from a file can be of an annotated kind."""
    if value is None:
        return "None" in str(kind)
    if isinstance(value, bool):
        return "bool" in str(kind)
    if isinstance(value, list):
        return "tuple" in str(kind) and all(isinstance(item, str) for item in value)
    wanted: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}
    return any(
        isinstance(value, types)
        for name, types in wanted.items()
        if name in str(kind) and "tuple" not in str(kind)
    )


@dataclass(frozen=True)
class Settings:
    """Settings of `discover`; see there for their meaning. What is not plain text or numbers is described."""

    operators: str | None = None
    macros: tuple[str, ...] = ()
    time_limit: float = 30.0
    epochs: int | None = None
    seed: int = 0
    threads: int | None = None
    max_size: int = 60
    proposers: tuple[str, ...] | None = None
    pretrained: bool = True
    guesses: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    template: str | None = None
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    stability: int = 0
    units: tuple[str, ...] = ()  # "v=m/s" for each column whose unit was given apart from the header
    constants: str = "free"
    physical_constants: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """From what `record` gave. DataError for keys or values that it cannot have given."""
        defaults = asdict(cls())
        for key, value in record.items():
            if key not in defaults:
                raise DataError(
                    f"the settings have no {key!r}; they were damaged, or made by another version"
                )
            if not _fits(value, cls.__annotations__[key]):
                raise DataError(f"the setting {key} is {value!r}, which makes no sense there; search again")
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(**plain)
