"""What comity asks of a Temporal server: infra/temporal.toml as records."""

import json
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

FILE: Final = Path(__file__).parent.parent / "infra" / "temporal.toml"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Namespace(_Table):
    """Where requests run, and for how many days the history of a closed one stays."""

    name: str
    retention_days: int = Field(ge=1)

    @property
    def retention(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(days=self.retention_days)


class Conditions(_Table):
    """The whole file: namespace, types of search attributes by name, dynamic configuration by key."""

    namespace: Namespace
    search_attributes: dict[str, str]
    dynamic_configuration: dict[str, JsonValue]

    @classmethod
    def load(cls) -> Self:
        """As it stands in this checkout or image."""
        return cls.model_validate(tomllib.loads(FILE.read_text()))

    def arguments(self) -> list[str]:
        """The same as arguments of the development server; the namespace's retention cannot be given to it there."""
        attributes = [f"--search-attribute={name}={kind}" for name, kind in self.search_attributes.items()]
        return attributes + dynamic(self.dynamic_configuration)


def dynamic(configuration: Mapping[str, JsonValue]) -> list[str]:
    """Dynamic configuration as arguments of the development server."""
    return [f"--dynamic-config-value={key}={json.dumps(value)}" for key, value in configuration.items()]
