"""Records with one cleaned column a role: what a careful user of a peer does before matching. Peers read it, we do not.

Names are lower case without accents and punctuation, telephone numbers are their last nine digits, birth dates are ISO
text, a name in one piece is taken apart. Contact values that more than MOST_SHARERS records carry are somebody's way
past a mandatory field, and become missing.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import yaml

MOST_SHARERS = 50
_PHONE_DIGITS = 9
_NAME_ROLES = ("given_name", "middle_name", "family_name", "full_name", "organisation_name", "city", "region", "sex")
_DATES = "['%Y-%m-%d', '%Y%m%d', '%d.%m.%Y', '%d/%m/%Y']"
# Only these become columns of the prepared table, in this order.
COLUMNS = (
    "given_name", "middle_name", "family_name", "whole_name", "organisation_name", "date_of_birth", "sex", "email",
    "phone", "street", "city", "region", "postal_code", "country", "national_id", "category", "source",
)  # fmt: skip


def prepare(records: Path, roles: Path) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """A database with the table `records`: record_id and prepared columns; with it the names of those with values."""
    column_roles = yaml.safe_load(roles.read_text(encoding="utf-8"))
    expressions = _expressions(_by_role(column_roles))
    connection = duckdb.connect()
    listed = ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())
    connection.execute(f"CREATE TABLE read AS SELECT record_id, {listed} FROM read_parquet(?)", [str(records)])
    for name in ("email", "phone"):
        if name in expressions:
            connection.execute(
                f"UPDATE read SET {name} = NULL WHERE {name} IN "
                f"(SELECT {name} FROM read GROUP BY {name} HAVING count(*) > {MOST_SHARERS})"
            )
    has_parts = {"given_name", "family_name"} <= set(expressions) and "whole_name" not in expressions
    extra = ", given_name || ' ' || family_name AS whole_name" if has_parts else ""
    connection.execute(f"CREATE TABLE records AS SELECT *{extra} FROM read ORDER BY record_id")
    connection.execute("DROP TABLE read")
    names = [*expressions, *(["whole_name"] if extra else [])]
    (filled,) = connection.execute(f"SELECT {', '.join(f'count({name})' for name in names)} FROM records").fetchall()
    present = {name for name, count in zip(names, filled, strict=True) if count}
    return connection, [name for name in COLUMNS if name in present]


def _by_role(column_roles: dict[str, str]) -> dict[str, str]:
    """SQL of each role as text; several columns of one role are joined with a blank."""
    columns: dict[str, list[str]] = {}
    for column, role in column_roles.items():
        columns.setdefault(role, []).append(f'"{column}"')
    return {role: f"nullif(concat_ws(' ', {', '.join(parts)}), '')" for role, parts in columns.items()}


def _expressions(role: dict[str, str]) -> dict[str, str]:
    """SQL of each prepared column."""
    out = {name: _cleaned(role[name]) for name in _NAME_ROLES if name in role}
    if "full_name" in out:
        out["whole_name"] = out.pop("full_name")
        if "given_name" not in role:
            given, family = _taken_apart(role["full_name"])
            out |= {"given_name": given, "family_name": family}
    if "date_of_birth" in role:
        text = role["date_of_birth"]
        out["date_of_birth"] = f"coalesce(strftime(try_strptime({text}, {_DATES}), '%Y-%m-%d'), {text})"
    elif "birth_year" in role:
        parts = [f"lpad({role.get(name, 'NULL')}, {width}, '0')" for name, width in
                 (("birth_year", 4), ("birth_month", 2), ("birth_day", 2))]  # fmt: skip
        out["date_of_birth"] = f"nullif(concat_ws('-', {', '.join(parts)}), '')"
    if "email" in role:
        out["email"] = f"CASE WHEN contains({role['email']}, '@') THEN lower(trim({role['email']})) END"
    if "phone" in role:
        digits = f"regexp_replace({role['phone']}, '[^0-9]', '', 'g')"
        out["phone"] = f"CASE WHEN length({digits}) >= 7 THEN right({digits}, {_PHONE_DIGITS}) END"
    street = [role[name] for name in ("street_number", "street", "address") if name in role]
    if street:
        out["street"] = _cleaned(f"concat_ws(' ', {', '.join(street)})")
    for name in ("postal_code", "national_id", "country", "category", "source"):
        if name in role:
            out[name] = f"nullif(upper(trim({role[name]})), '')"
    return out


def _cleaned(text: str) -> str:
    letters = rf"regexp_replace(strip_accents(lower({text})), '[^\p{{L}}\p{{N}}]+', ' ', 'g')"
    return f"nullif(trim({letters}), '')"


def _taken_apart(text: str) -> tuple[str, str]:
    """Given and family name of a name in one piece: `Family, Given`, else the last word is the family name."""
    comma = f"contains({text}, ',')"
    before, after = f"split_part({text}, ',', 1)", f"split_part({text}, ',', 2)"
    last = f"regexp_extract(trim({text}), '[^ ]+$')"
    first = f"regexp_replace(trim({text}), ' *[^ ]+$', '')"
    given = _cleaned(f"CASE WHEN {comma} THEN {after} ELSE {first} END")
    family = _cleaned(f"CASE WHEN {comma} THEN {before} ELSE {last} END")
    return given, family
