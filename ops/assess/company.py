"""Who asks: the numbers that decide, each with where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops.cost.answer import MONOLITH
from ops.wrong_use import WrongUse

Module = Literal["ingestion", "billing", "notification"]

#: What the company tells that moved from a monolith to these services.
_TOLD: Final = "told of the migration"
#: What nobody has told: a company of that size, as we think of it.
_ASSUMED: Final = "assumed"
#: What the asker has said.
YOURS: Final = "yours"


class Company(BaseModel):
    """`blocked` is the share of releases that waited for another team's; money is US dollars a month.

    `scale_alone` are the modules that need more at times when the others do not, by the service that is most like it.
    `traces`: one request can be followed from end to end today. `shared_tables`: modules write each other's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Annotated[float, Field(gt=0, description="requests a minute", json_schema_extra={"from": _TOLD})] = 50_000
    mix: Annotated[str, Field(description="what they are made of", json_schema_extra={"from": _ASSUMED})] = "metered"
    engineers: Annotated[int, Field(gt=0, json_schema_extra={"from": _ASSUMED})] = 24
    deploys_a_week: Annotated[float, Field(ge=0, json_schema_extra={"from": _ASSUMED})] = 10
    deploy_minutes: Annotated[float, Field(ge=0, json_schema_extra={"from": _TOLD})] = 45
    blocked: Annotated[float, Field(ge=0, le=1, json_schema_extra={"from": _ASSUMED})] = 0.3
    p95_ms: Annotated[float, Field(gt=0, json_schema_extra={"from": _TOLD})] = 320
    wanted_p95_ms: Annotated[float, Field(gt=0, json_schema_extra={"from": _TOLD})] = 280
    bill: Annotated[float, Field(ge=0, json_schema_extra={"from": _TOLD})] = MONOLITH
    scale_alone: Annotated[tuple[Module, ...], Field(json_schema_extra={"from": _ASSUMED})] = ("ingestion", "billing")
    traces: Annotated[bool, Field(json_schema_extra={"from": _ASSUMED})] = True
    shared_tables: Annotated[bool, Field(json_schema_extra={"from": _ASSUMED})] = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """With what is not given as by default. Raises WrongUse that names every field that is wrong."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise WrongUse(f"{wrong}. The fields are {', '.join(cls.model_fields)}") from error

    @classmethod
    def from_file(cls, path: Path, given: Mapping[str, Any]) -> Self:
        """A file of JSON, and what is given beside it, which stands. Raises WrongUse."""
        try:
            file = cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WrongUse(f"{path}: {error}") from error
        return cls.of({**file.model_dump(exclude_unset=True), **given})

    def source_of(self, field: str) -> str:
        """Where the field's number is from."""
        extra = type(self).model_fields[field].json_schema_extra
        return YOURS if field in self.model_fields_set or not isinstance(extra, dict) else f"{extra['from']}"

    @property
    def hours_deploying(self) -> float:
        """A week, of somebody's or of the pipeline's."""
        return self.deploys_a_week * self.deploy_minutes / 60

    @property
    def releases_held_up(self) -> float:
        """A week."""
        return self.deploys_a_week * self.blocked
