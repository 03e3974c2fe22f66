"""What the columns of a table mean for identity, and the file that says so."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import yaml

ROLES = (
    "given_name", "family_name", "middle_name", "full_name", "name_suffix", "date_of_birth", "birth_year",
    "birth_month", "birth_day", "sex", "email", "phone", "street", "street_number", "unit", "city", "region",
    "postal_code", "country", "address", "national_id", "organisation_name", "source", "category", "other",
)  # fmt: skip
# Averages of bounded evidence understate: on sets of every kind and size the best results lie a bit below even odds
# (docs/decisions/0005).
DEFAULT_THRESHOLD = 1 / 3
# Role → its columns, in order.
Roles = Mapping[str, tuple[str, ...]]


class WrongInput(Exception):
    """A file that the user gave cannot be used; the message names the file, the fact and the next step."""


def read_roles(path: Path) -> Roles:
    """Read `column: role` lines; a column without a role is not looked at.

    Raises WrongInput naming the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise WrongInput(f"{path} is not text in UTF-8. Give a YAML file of `column: role` lines.") from None
    except OSError as error:
        raise WrongInput(
            f"{path} cannot be read ({error.strerror}). Give a YAML file of `column: role` lines."
        ) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise WrongInput(
            f"{path} is not YAML: {' '.join(str(error).split())}. Write one `column: role` line a column."
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise WrongInput(f"{path} has no `column: role` lines. Write one a column, such as `surname: family_name`.")
    roles: dict[str, tuple[str, ...]] = {}
    seen: dict[str, int] = {}
    for key, value in node.value:
        column, role, line = str(key.value), str(value.value), key.start_mark.line + 1
        if column in seen:
            raise WrongInput(
                f"{path}:{line}: column {column} stands in line {seen[column]} as well. Leave one of them."
            )
        seen[column] = line
        if value.tag.endswith(":null") or not role:
            continue
        if role not in ROLES:
            close = difflib.get_close_matches(role, ROLES, 1)
            hint = f"Did you mean {close[0]}?" if close else f"The roles are {', '.join(ROLES)}."
            raise WrongInput(f"{path}:{line}: column {column} has the unknown role {role}. {hint}")
        roles[role] = (*roles.get(role, ()), column)
    if not set(roles) - {"source"}:
        raise WrongInput(f"{path} gives no column a role that tells of people. Write such as `surname: family_name`.")
    return roles


def scan_of(path: Path) -> str:
    """SQL that reads a table of text: CSV where the name says so, else Parquet."""
    name = str(path).replace("'", "''")
    return (
        f"read_csv('{name}', all_varchar = true, header = true)" if path.suffix == ".csv" else f"read_parquet('{name}')"
    )
