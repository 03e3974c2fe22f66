"""The published tables once more without anybody in them: for analysts, and whoever else is no keeper of names.

Belongs here: what becomes of a value by the class of its column, and writing the file. Does not belong here: which
class a column has (``models/*/*.yml``).
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from pathlib import Path

import duckdb

from warehouse.cast_sql import literal, quoted
from warehouse.comments import comment_on_column, comment_on_table, write
from warehouse.connection import masked_path
from warehouse.declared import MartColumn, MartTable, mart_tables
from warehouse.publish import put_in_place

_BUILDING = ".building"
# Hexadecimal digits of a pseudonym: two of a billion different values share one with a chance of 3 in 100.
_DIGITS = 16
# Bytes of the salt, which stands in 20 characters. SHA-256 works in blocks of 64 bytes, 9 of them its own: with a value
# of up to 35 characters the salt fills one, and a secret of 64 digits before it would take two.
_SALT_BYTES = 15
# Rows of one vector of DuckDB's: in a smaller table nothing is gained by knowing how often values repeat.
_VECTOR = 2_048
# Rows in which a column is looked at for repetition.
_LOOKED_AT = 10 * _VECTOR
# Numbers of cheques and accounts lead to a person, other than amounts and bands of income.
_NUMBERS_OF_ACCOUNTS = frozenset({"instrument_ref"})
# Parts of an address that many people share. Two characters of a postal code name a region in most countries.
_POSTAL_CODE_KEPT = 2
_SHARED_BY_MANY = {"region": "{value}", "postal_code": f"left({{value}}, {_POSTAL_CODE_KEPT})"}


def write_masked(home: Path, key: str, built: Path) -> Path:
    """Write a masked copy of a file of marts and put it in its readers' place; the copy.

    Pseudonyms, names and contacts become keyed hashes, equal where the values are equal and the same in every file of
    a key, so that tables still join and people can be counted; without ``key`` nobody can try values out. Of addresses
    the region and the beginning of the postal code stay, of birth dates the year. Free text is left out, and the rows
    of tables that hold little else.

    The file has the name of the full one, in a folder of its own, as its views name their catalog.
    """
    target = masked_path(home)
    folder = target.parent / f"{_BUILDING}-{os.getpid()}"
    for leftover in target.parent.glob(f"{_BUILDING}-*"):
        shutil.rmtree(leftover)
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / target.name)) as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(built))} AS built (READ_ONLY)")
        # Tables without rows, views, macros and what is said of each: by one statement, where a thousand take a second.
        connection.execute(f"COPY FROM DATABASE built TO {quoted(target.stem)} (SCHEMA)")
        rows = dict(
            connection.execute(
                "SELECT schema_name || '.' || table_name, estimated_size FROM duckdb_tables() "
                "WHERE database_name = 'built' AND NOT internal"
            ).fetchall()
        )
        salt = salt_of(key)
        comments = []
        for table in mart_tables():
            comments += [comment_on_column(table, column, " Masked.") for column in table.columns if is_masked(column)]
            if table.is_masked_out or table.qualified not in rows:
                continue
            if rows[table.qualified] > _VECTOR and (varied := _varied(connection, table)):
                _make_anew(connection, table, varied)
                comments.append(comment_on_table(table))
                comments += [comment_on_column(table, column) for column in table.columns if not is_masked(column)]
            _fill(connection, table, salt)
        write(connection, comments)
        connection.execute("DETACH built")
    put_in_place(folder / target.name, target)
    folder.rmdir()
    return target


def salt_of(key: str) -> str:
    """What stands before every value that is hashed: as secret as the key, and of one length for keys of any.

    SHA-256 over a secret and a value is sound here, without the second pass of an HMAC, since a quarter of the digest
    is shown: nobody can go on hashing from that. A cheaper keyed hash is not at hand: DuckDB's own gives different
    texts of one pattern the same number, and can be reckoned back.
    """
    return base64.b64encode(hashlib.sha256(key.encode()).digest()[:_SALT_BYTES]).decode()


def masked_value(column: MartColumn, salt: str) -> str:
    """SQL of what readers of the masked file see of a column.

    It asks for the value once and for nothing else, so that DuckDB works it out once for each text of a dictionary.
    """
    value = quoted(column.name)
    pseudonym = f"left(sha256({literal(salt)} || {value}), {_DIGITS})"
    if _has_pseudonym(column):
        return pseudonym
    if column.pii == "address":
        return _SHARED_BY_MANY.get(column.name, "NULL").format(value=value)
    if column.pii == "birth":
        return f"CAST(date_trunc('year', {value}) AS DATE)"
    return "NULL" if column.pii == "free_text" else value


def is_masked(column: MartColumn) -> bool:
    """Whether the masked file shows something else than the full one."""
    return masked_value(column, "") != quoted(column.name)


def loses_differences(column: MartColumn) -> bool:
    """Whether values that differ may look the same in the masked file, as all or part of them is left out."""
    return is_masked(column) and not _has_pseudonym(column)


def _has_pseudonym(column: MartColumn) -> bool:
    return column.pii in ("pseudonym", "name", "contact") or column.name in _NUMBERS_OF_ACCOUNTS


def _make_anew(connection: duckdb.DuckDBPyConnection, table: MartTable, varied: set[str]) -> None:
    """Hashes that hardly repeat become half as large when they are compressed, and cost three times as much."""
    declared = ", ".join(
        f"{quoted(column.name)} {column.data_type}"
        + (" USING COMPRESSION uncompressed" if column.name in varied else "")
        for column in table.columns
    )
    connection.execute(f"CREATE OR REPLACE TABLE {table.place} ({declared})")


def _fill(connection: duckdb.DuckDBPyConnection, table: MartTable, salt: str) -> None:
    values = ", ".join(f"CAST({masked_value(column, salt)} AS {column.data_type})" for column in table.columns)
    connection.execute(f"INSERT INTO {table.place} SELECT {values} FROM built.{table.place}")


def _varied(connection: duckdb.DuckDBPyConnection, table: MartTable) -> set[str]:
    """The columns with a pseudonym in which most values do not come again soon, by the look of the first rows."""
    names = [column.name for column in table.columns if _has_pseudonym(column)]
    if not names:
        return set()
    counts = ", ".join(f"2 * count(DISTINCT {quoted(name)}) >= count({quoted(name)})" for name in names)
    [found] = connection.execute(f"SELECT {counts} FROM (FROM built.{table.place} LIMIT {_LOOKED_AT})").fetchall()
    return {name for name, is_varied in zip(names, found, strict=True) if is_varied}
