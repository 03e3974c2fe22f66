"""JSON records → Arrow columns of exact text.

Parsers turn numbers into floats: 12.50 becomes 12.5 and 12345678901234567890 becomes 12345678901234567000. So every
number is first wrapped into a marked string, outside strings only; DuckDB then extracts the declared paths, and the
mark comes off. Nested objects and arrays arrive as JSON text, `true` as 'true', null and absent as NULL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from connectors.duckdb_sessions import open_single_threaded_session
from connectors.mapping import path_name
from connectors.quoting import literal, quoted

# One match is: all that is no number (whole strings are jumped over), then a number or the end of the text. Anchoring
# the last match at the end keeps the search from starting inside a string; the empty pair of quotes it leaves is cut.
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?"
_UP_TO_NUMBER = rf'((?:"(?:[^"\\]|\\.)*"|[^"0-9\-])*)({_NUMBER}|$)'

# A quicker way that most texts allow: it takes what stands between structural characters for a number. Inside a string
# that is wrong, but then the mark breaks the string and the text is no JSON any more; and of two neighbours in an array
# it sees one. Either shows, and the careful way is taken.
_LIKELY_NUMBER = r"([:,\[]\s*)(-?[0-9][0-9.eE+\-]*)(\s*[,\]}])"

# Other numbers come out of the parser as they went in.
_NEEDS_MARKS = r"[0-9][.eE]|[0-9]{16}|-0"

# A step of a JSON path: a quoted key, a key, a place in a list.
_STEP = r'\."(?:[^"\\]|\\.)*"|\.[^.\[]+|\[[^\]]*\]'

# Noncharacters: no text has a reason to hold them. The first that the text does not hold marks its numbers.
_MARKS = [chr(code) for code in range(0xFDD0, 0xFDF0)]


@dataclass
class Shape:
    """What the records of a delivery were seen to hold: rows, top-level names in order of appearance, paths."""

    row_count: int = 0
    names: dict[str, None] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def absent(self, declared: Mapping[str, str | None]) -> list[str]:
        """Declared columns that no record held, in declared order."""
        return [name for name in declared if name not in self.present]


@dataclass(frozen=True)
class BadRecord:
    """A text that is no usable record: its position in the texts given, the text and why."""

    index: int
    text: str
    reason: str


class JsonRecords:
    """Turns JSON texts into record batches of the declared columns. One thread, one session of DuckDB in memory.

    `columns` is the contract's source_columns(): name → JSON path (None: the top-level key of that name).
    """

    def __init__(self, columns: Mapping[str, str | None]) -> None:
        self.schema = pa.schema([(name, pa.string()) for name in columns])
        self.shape = Shape()
        self._paths = {name: path or _key_path(name) for name, path in columns.items()}
        self._keys = {name: name for name, path in columns.items() if path is None}
        # The record itself, then the objects inside it that declared paths lead through.
        self._objects = list(
            dict.fromkeys(["$", *(parent for path in self._paths.values() for parent in _parents(path))])
        )
        self._duckdb = open_single_threaded_session()

    def close(self) -> None:
        """End the session."""
        self._duckdb.close()

    def read_lines(self, texts: Sequence[str]) -> tuple[pa.Table, list[BadRecord]]:
        """One record per text. Texts that are no JSON object, or name a key twice, come back as bad records."""
        mark = _mark_for(texts)
        lines = pa.table({"text": pa.array(texts, pa.string()), "position": pa.array(np.arange(len(texts)))})
        self._duckdb.register("given", lines)
        self._duckdb.execute(
            f"""CREATE OR REPLACE TEMP TABLE record AS
            WITH judged AS MATERIALIZED (
                SELECT *, CASE WHEN json_valid(text) THEN json_type(text) = 'OBJECT' ELSE false END AS is_object,
                       {_quick("text", mark)} AS quick
                FROM given)
            SELECT position, is_object, CASE WHEN is_object THEN {_marked("text", "quick", mark)} END AS marked,
                   CASE WHEN is_object THEN {_keys_of("text", self._objects)} END AS names
            FROM judged"""
        )
        self._duckdb.unregister("given")
        bad = self._bad_records(texts)
        return self._extract(mark, {record.index for record in bad}), bad

    def read_page(self, text: str, records_path: str) -> pa.Table | None:
        """The records of the list at `records_path` in a JSON document; None when the document has no such list.

        Raises:
            ValueError: the text is no JSON, or a record, or what it lies in, is no object or names a key twice.
        """
        mark = _mark_for([text])
        if not self._value("SELECT json_valid(?)", [text]):
            raise ValueError("is not JSON")
        quick = f"SELECT page, {_quick('page', mark)} AS quick FROM (SELECT ? AS page)"
        marked = str(self._value(f"SELECT {_marked('page', 'quick', mark)} FROM ({quick})", [text]))
        if self._value("SELECT json_type(?, ?)", [marked, records_path]) != "ARRAY":
            return None
        around = _keys_of("?", list(dict.fromkeys(["$", *_parents(records_path)])))
        if self._value(f"SELECT {_has_twin(around)}", [text]):
            raise ValueError(f"names a key twice on the way to {records_path}")
        self._duckdb.execute(
            f"""CREATE OR REPLACE TEMP TABLE record AS
            WITH listed AS (SELECT CAST(json_extract(?, ?) AS JSON[]) AS records),
                 each_one AS (SELECT unnest(records) AS marked, generate_subscripts(records, 1) - 1 AS position
                              FROM listed)
            SELECT position, json_type(marked) = 'OBJECT' AS is_object, marked,
                   CASE WHEN json_type(marked) = 'OBJECT' THEN {_keys_of("marked", self._objects)} END AS names
            FROM each_one""",
            [marked, records_path],
        )
        bad = self._bad_records(None)
        if bad:
            raise ValueError(f"record {bad[0].index + 1} {bad[0].reason}")
        return self._extract(mark, set())

    def _bad_records(self, texts: Sequence[str] | None) -> list[BadRecord]:
        found = [
            BadRecord(position, texts[position] if texts else "", "is not a JSON object")
            for (position,) in self._duckdb.execute(
                "SELECT position FROM record WHERE is_object IS NOT TRUE"
            ).fetchall()
        ]
        # Records of a feed share a few lists of keys, so the distinct lists tell all that is to know about names.
        shapes = self._duckdb.execute(
            "SELECT names, min(position) FROM record WHERE is_object GROUP BY names ORDER BY 2"
        ).fetchall()
        for (names, *_), _ in shapes:
            self.shape.names.update(dict.fromkeys(names))
        if any(len(set(keys)) < len(keys) for names, _ in shapes for keys in names if keys):
            found += [
                BadRecord(position, texts[position] if texts else "", "names a key twice")
                for (position,) in self._duckdb.execute(
                    f"SELECT position FROM record WHERE is_object AND {_has_twin('names')}"
                ).fetchall()
            ]
        self.shape.present |= {name for name, key in self._keys.items() if key in self.shape.names}
        return sorted(found, key=lambda record: record.index)

    def _extract(self, mark: str, bad: set[int]) -> pa.Table:
        if bad:
            self._duckdb.execute("DELETE FROM record WHERE position IN (SELECT unnest(?))", [sorted(bad)])
        self._see_paths()
        values = ", ".join(
            f"{_unmarked(f'found[{number}]', mark)} AS {quoted(name)}"
            for number, name in enumerate(self.schema.names, 1)
        )
        paths = ", ".join(literal(path) for path in self._paths.values())
        table = self._duckdb.sql(
            f"""WITH extracted AS (SELECT position, json_extract_string(marked, [{paths}]) AS found FROM record)
            SELECT {values} FROM extracted ORDER BY position"""
        ).to_arrow_table()
        self.shape.row_count += table.num_rows
        return table.cast(self.schema)

    def _see_paths(self) -> None:
        """Note which declared paths some record holds. A null parent counts: an absent object has no parts."""
        unseen = [name for name in self._paths if name not in self.shape.present and name not in self._keys]
        if not unseen:
            return
        checks = ", ".join(f"coalesce(bool_or({_holds(self._paths[name])}), false)" for name in unseen)
        [answers] = self._duckdb.execute(f"SELECT {checks} FROM record").fetchall()
        self.shape.present |= {name for name, is_held in zip(unseen, answers, strict=True) if is_held}

    def _value(self, query: str, parameters: list[str]) -> object:
        [row] = self._duckdb.execute(query, parameters).fetchall()
        value: object = row[0]
        return value


def _parents(path: str) -> list[str]:
    """The paths of all that a path leads through, outermost first, but for the document itself."""
    return [path[: step.start()] for step in re.finditer(_STEP, path)][1:]


def _keys_of(text: str, paths: Sequence[str]) -> str:
    """SQL: the names that each of the objects at `paths` in the JSON `text` has, as a list of lists."""
    return f"json_keys({text}, [{', '.join(map(literal, paths))}])"


def _has_twin(names: str) -> str:
    """SQL: one of the lists of names has one twice."""
    return f"list_bool_or(list_transform({names}, lambda keys: len(list_distinct(keys)) < len(keys)))"


def _holds(path: str) -> str:
    nulls = "".join(f" OR json_type(marked, {literal(parent)}) = 'NULL'" for parent in _parents(path))
    return f"json_exists(marked, {literal(path)}){nulls}"


def _mark_for(texts: Sequence[str]) -> str:
    for mark in _MARKS:
        escaped = re.compile(rf"\\u{ord(mark):04x}", re.IGNORECASE)
        if not any(mark in text or ("\\u" in text and escaped.search(text)) for text in texts):
            return mark
    raise ValueError("holds all 32 noncharacters U+FDD0 to U+FDEF, which no text has use for")


def _quick(text: str, mark: str) -> str:
    """SQL: the JSON `text` with what is likely a number as a string that begins with `mark`."""
    wrapped = literal(rf'\1"{mark}\2"\3')
    return f"regexp_replace({text}, {literal(_LIKELY_NUMBER)}, {wrapped}, 'g')"


def _marked(text: str, quick: str, mark: str) -> str:
    """SQL: the JSON `text` with each number as a string that begins with `mark`; `quick` is the quick way's result.

    A text whose numbers survive the parser as they are is left alone. The careful way's last match is cut off again.
    """
    wrapped = literal(rf'\1"{mark}\2"')
    careful = f"left(regexp_replace({text}, {literal(_UP_TO_NUMBER)}, {wrapped}, 'g'), -3)"
    return f"""CASE WHEN NOT regexp_matches({text}, {literal(_NEEDS_MARKS)}) THEN {text}
                    WHEN json_valid({quick}) AND NOT regexp_matches({quick}, {literal(_LIKELY_NUMBER)}) THEN {quick}
                    ELSE {careful} END"""


def _unmarked(value: str, mark: str) -> str:
    """SQL: an extracted value without marks, be it a number or JSON text that holds numbers."""
    nested = literal(f'"{mark}([^"]*)"')
    return (
        f"CASE WHEN NOT contains({value}, {literal(mark)}) THEN {value}"
        f" WHEN starts_with({value}, {literal(mark)}) THEN {value}[2:]"
        f" ELSE regexp_replace({value}, {nested}, '\\1', 'g') END"
    )


def _key_path(name: str) -> str:
    return '$."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def value_at(document: object, path: str) -> object:
    """The value at a simple JSON path ($.meta.next, $.pages[0]) of parsed JSON; None when there is none."""
    value = document
    for key, index in _steps(path):
        if index is not None:
            value = value[index] if isinstance(value, list) and index < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _steps(path: str) -> Iterator[tuple[str, int | None]]:
    for found in re.finditer(r'"([^"]*)"|\[(\d+)\]|([^.\[\]"]+)', path_name(path)):
        yield found[1] or found[3] or "", int(found[2]) if found[2] else None
