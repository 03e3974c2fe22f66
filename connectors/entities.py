"""The canonical entities: what the customer 360 understands, column by column.

`entities/*.yml` is the single place where a column's type, meaning, unit, PII class, identity role and purpose are
written. Staging tables, validation, identity and the data dictionary derive from it. How a source fills the columns
is the business of `contract.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.yaml_text import parsed

PiiClass = Literal["none", "pseudonym", "name", "contact", "address", "birth", "financial", "behaviour", "free_text"]
IdentityRole = Literal[
    "record_id",
    "account_ref",
    "account_source",
    "party_type",
    "full_name",
    "given_name",
    "family_name",
    "organisation_name",
    "email",
    "phone",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "date_of_birth",
    "strong_id",
]

ENTITY_FOLDER = Path(__file__).parent / "entities"


class EntityColumn(BaseModel):
    """One canonical column. A column without a purpose is not collected, so `purpose` is required.

    `names_customer`: its value is what some customer, not the row's own, is known by: an e-mail address, an account
    number or a customer id. When that customer is erased, the row stays without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    description: str
    purpose: str
    pii: PiiClass
    identity: IdentityRole | None = None
    names_customer: bool = False
    unit: str | None = None
    required: bool = False
    values: tuple[str, ...] | None = None


class Entity(BaseModel):
    """One canonical entity: its grain, its key and its columns in the order of the staging table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    description: str
    grain: str
    key: tuple[str, ...]
    columns: dict[str, EntityColumn]
    event_time: str | None = Field(default=None, description="Column that says when the thing happened.")

    def required_columns(self) -> list[str]:
        """Columns that every row must fill: the key and those marked `required`."""
        return [name for name, column in self.columns.items() if column.required or name in self.key]

    def identity_roles(self) -> dict[str, list[str]]:
        """Identity role → the columns that play it, in declared order."""
        roles: dict[str, list[str]] = {}
        for name, column in self.columns.items():
            if column.identity is not None:
                roles.setdefault(column.identity, []).append(name)
        return roles

    def enumerations(self) -> dict[str, tuple[str, ...]]:
        """Column → its closed set of values, for columns that have one."""
        return {name: column.values for name, column in self.columns.items() if column.values is not None}


@cache
def load_entities(folder: Path = ENTITY_FOLDER) -> dict[str, Entity]:
    """Every canonical entity by name.

    Raises:
        ValueError: a file is named otherwise than its entity, or its key is not among its columns.
        pydantic.ValidationError: a column lacks its type, description, purpose or PII class.
    """
    entities: dict[str, Entity] = {}
    for path in sorted(folder.glob("*.yml")):
        _, declared = parsed(path.read_text(encoding="utf-8"))
        entity = Entity.model_validate(declared)
        if entity.entity != path.stem:
            raise ValueError(f"{path.name}: the entity is called '{entity.entity}'. Name the file {entity.entity}.yml.")
        missing = [name for name in (*entity.key, entity.event_time) if name and name not in entity.columns]
        if missing:
            raise ValueError(f"{path.name}: {missing} are not among the columns. Add them or correct key/event_time.")
        entities[entity.entity] = entity
    return entities
