"""The environment as one typed value, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from events.envelope import Problem
from runtime.errors import ConfigurationError


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


#: A comma-separated list; an empty text is an empty list.
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """Subclasses name what they need; the field `event_bus_name` is read from `EVENT_BUS_NAME`."""

    # Built at their first use: a wiring names more than one function needs.
    model_config = ConfigDict(frozen=True, defer_build=True)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises ConfigurationError that names every variable that is missing or wrong."""
        given = {name: environ[name.upper()] for name in cls.model_fields if name.upper() in environ}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise ConfigurationError(_problem(e) for e in error.errors()) from error


def _problem(error: Any) -> Problem:
    name = str(error["loc"][0]).upper()
    return Problem(name, "is not set" if error["type"] == "missing" else error["msg"].removeprefix("Value error, "))
