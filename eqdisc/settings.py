"""What a search is told, as plain data that a file can hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


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
    guesses: tuple[str, ...] = ()
    template: str | None = None
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    stability: int = 0

    def record(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """From what `record` gave."""
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(**plain)
