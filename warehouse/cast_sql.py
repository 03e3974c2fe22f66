"""SQL that reads one source value as one canonical type, or gives NULL; no rounding, no guessing.

Belongs here: expressions, as text. Does not belong here: running them, counting failures (`casting.py`).
The stages of a value: raw (as landed) → text (trimmed) → meaning (nulls and code lists applied) → typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# What people and exports put around a value: space, tab, line ends, no-break spaces, byte order mark.
_BLANKS = " \t\r\n\v\f\u00a0\u202f\ufeff"
_EDGE_BLANK = r"^[\s\v\x{00A0}\x{202F}\x{FEFF}]|[\s\v\x{00A0}\x{202F}\x{FEFF}]$"
_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")
_INTEGER_TYPES = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})
_FLOAT_NOISE = {"FLOAT": "1e-6", "DOUBLE": "1e-14"}  # relative; about what the last digits of such a float can hold
_SHOWN_CHARACTERS = 60
_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_LOCAL_TIME = _DAY + r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?"
_TIME_WITH_OFFSET = _DAY + r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?([Zz]|UTC|[+-](0\d|1[0-5])(:?[0-5]\d)?)"
_COMMA_NUMBER = r"[+-]?(\d{1,3}([. '\x{00A0}\x{202F}]\d{3})+|\d+)(,\d+)?"
_FRACTION = r"\.(\d*?)0*(?:[eE]|$)"
_EXPONENT = r"[eE]([+-]?\d+)$"
_DECIMAL_TYPE = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


@dataclass(frozen=True)
class ColumnRule:
    """How one canonical column is filled; the warehouse's own form of a contract's mapping.

    Exactly one origin: `column` (a landed column, with `json_path` inside it or not), `sql` (a DuckDB expression over
    landed columns) or `value` (a constant). `values` maps source codes to canonical ones, '*' catches the rest and an
    unmapped code stays as it is; `nulls` are texts that mean nothing; `formats` are strptime patterns tried in order;
    `zone` is the zone of local times; `divide_by` turns minor units into units; `decimal_comma` reads 1.234,56.
    """

    name: str
    column: str | None = None
    json_path: str | None = None
    sql: str | None = None
    value: str | int | float | bool | None = None
    values: Mapping[str, str | None] | None = None
    nulls: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    zone: str | None = None
    divide_by: int | None = None
    decimal_comma: bool = False


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool | None) -> str:
    """An SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


def key_part(text_sql: str) -> str:
    """A text as part of a row's key, where '|' stands between parts: '\\' and '|' inside it carry a '\\' in front.

    A reference to a row has the same escapes, so that it and the row's own key are one text.
    """
    return rf"replace(replace({text_sql}, '\', '\\'), '|', '\|')"


def is_castable(target: str) -> bool:
    """Whether a value can be read as this type: VARCHAR, BOOLEAN, DATE, TIMESTAMP, integers and DECIMAL(p,s)."""
    return target in {"VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP"} or _precision(target) is not None


def text(raw: str, raw_type: str) -> str:
    """The value as trimmed text, NULL when nothing is left. Whole floats lose their '.0': 10023.0 is the id 10023."""
    if raw_type in _FLOAT_NOISE:
        whole = f"{raw} = trunc({raw}) AND abs({raw}) < {2**53}"  # below it a double holds every whole number
        return f"CASE WHEN {whole} THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
    if raw_type == "BLOB":
        shown = f"coalesce(TRY(decode({raw})), CAST({raw} AS VARCHAR))"
    elif raw_type.endswith("]") or raw_type.startswith(("STRUCT", "MAP")):
        shown = f"CAST(to_json({raw}) AS VARCHAR)"
    else:
        shown = f"CAST({raw} AS VARCHAR)"
    # The test is five times as fast as trimming every value, and almost none needs it.
    has_blanks = f"regexp_matches({shown}, {literal(_EDGE_BLANK)})"
    return f"nullif(CASE WHEN {has_blanks} THEN trim({shown}, {literal(_BLANKS)}) ELSE {shown} END, '')"


def meaning(rule: ColumnRule, text_sql: str) -> str:
    """The text after the rule's nulls and code list; a code that the list does not know stays as it is."""
    if not rule.nulls and not rule.values:
        return text_sql
    cases = [f"WHEN {literal(code)} THEN NULL" for code in rule.nulls]
    codes = dict(rule.values or {})
    rest = literal(codes.pop("*")) if "*" in codes else text_sql
    cases += [f"WHEN {literal(code)} THEN {literal(canonical)}" for code, canonical in codes.items()]
    if not cases:
        return f"CASE WHEN {text_sql} IS NOT NULL THEN {rest} END"
    return f"CASE {text_sql} {' '.join(cases)} ELSE CASE WHEN {text_sql} IS NOT NULL THEN {rest} END END"


def number_text(rule: ColumnRule, meaning_sql: str, raw_type: str) -> str:
    """The text of a number with a decimal point and without groups of thousands; NULL when 1.234,56 is misgrouped.

    What came as a number has a point, whatever the contract says of texts: 12.345 is not 12 thousand.
    """
    if not rule.decimal_comma or raw_type not in ("VARCHAR", "BLOB"):
        return meaning_sql
    without_groups = f"regexp_replace({meaning_sql}, {literal('[^0-9,+-]')}, '', 'g')"
    fits = f"regexp_full_match({meaning_sql}, {literal(_COMMA_NUMBER)})"
    return f"CASE WHEN {fits} THEN replace({without_groups}, ',', '.') END"


def typed(rule: ColumnRule, target: str, *, raw: str, raw_type: str, meaning_sql: str, number: str) -> str:
    """The value as `target`, NULL when it cannot be read so without changing it."""
    is_native = not rule.nulls and not rule.values
    if target == "VARCHAR":
        return meaning_sql
    if target == "BOOLEAN":
        return raw if raw_type == "BOOLEAN" and is_native else _boolean(meaning_sql)
    if target in ("TIMESTAMP", "DATE"):
        native = raw_type if is_native and raw_type.startswith(("TIMESTAMP", "DATE")) else None
        return _moment(rule, target, raw, native, meaning_sql)
    if raw_type in _FLOAT_NOISE and is_native:
        return f"coalesce({_number(rule, target, number)}, {_number_without_noise(rule, target, raw, raw_type)})"
    return _number(rule, target, number)


def failure(rule: ColumnRule, target: str, *, meaning_sql: str, number: str, is_masked: bool) -> str:
    """The reason why a present value has no typed form: names column, value and type; personal data as its length."""
    shown = (
        f"'<' || length({meaning_sql}) || ' characters>'"
        if is_masked
        else f"'''' || left({meaning_sql}, {_SHOWN_CHARACTERS})"
        f" || CASE WHEN length({meaning_sql}) > {_SHOWN_CHARACTERS} THEN '…' ELSE '' END || ''''"
    )
    why = literal(f" is not a {target}")
    if _precision(target) is not None:
        rounded = f"TRY_CAST({_wide(rule, target, number)} AS {_decimal(target)})"
        too_fine = literal(f" has more decimals than {target} keeps")
        why = f"CASE WHEN {rounded} IS NOT NULL THEN {too_fine} ELSE {why} END"
    elif target == "DATE":
        why = literal(" is not a DATE (or has a time of day)")
    elif target == "TIMESTAMP" and rule.zone is not None:
        why = literal(f" is not a TIMESTAMP (or the clocks of {rule.zone} skipped it)")
    return f"{literal(rule.name + ': ')} || {shown} || {why}"


def is_swapped(rule: ColumnRule, *, meaning_sql: str) -> str:
    """Whether a value that its formats cannot read is a moment once day and month change places in them."""
    exchanged = {
        pattern.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
        for pattern in rule.formats
        if "%d" in pattern and "%m" in pattern
    }
    reads = [f"try_strptime({meaning_sql}, {literal(pattern)}) IS NOT NULL" for pattern in sorted(exchanged)]
    return f"({' OR '.join(reads) or 'false'})"


def _precision(target: str) -> tuple[int, int] | None:
    if target in _INTEGER_TYPES:
        return 19, 0
    match = _DECIMAL_TYPE.fullmatch(target)
    return (int(match[1]), int(match[2])) if match else None


def _decimal(target: str) -> str:
    digits, scale = _precision(target) or (0, 0)
    return f"DECIMAL({digits},{scale})"


def _shifted(exponent: int) -> str:
    return f" || 'e{exponent}'" if exponent else ""


def _number(rule: ColumnRule, target: str, number: str) -> str:
    """A number whose decimals fit is cast at once; all others pay for the proof that nothing is rounded away."""
    _, scale = _precision(target) or (0, 0)
    narrow = _decimal(target)
    wide = _wide(rule, target, number)
    is_exact = f"{_has_few_decimals(rule, target, number)} AND {wide} = TRY_CAST({wide} AS {narrow})"
    kept = f"CASE WHEN {is_exact} THEN TRY_CAST({wide} AS {narrow}) END"
    exponent = _power_of_ten(rule.divide_by)
    if exponent is not None and exponent <= scale:
        pattern = r"[+-]?\d+" + (rf"(\.\d{{1,{scale - exponent}}})?" if scale > exponent else "")
        is_plain = f"regexp_full_match({number}, {literal(pattern)})"
        kept = f"CASE WHEN {is_plain} THEN TRY_CAST({number}{_shifted(-exponent)} AS {narrow}) ELSE {kept} END"
    return f"TRY_CAST({kept} AS {target})" if target in _INTEGER_TYPES else kept


def _has_few_decimals(rule: ColumnRule, target: str, number: str) -> str:
    """True where `_wide` keeps every decimal: DuckDB's cast rounds further ones away, and nothing shows it."""
    digits, scale = _precision(target) or (0, 0)
    fraction = f"length(regexp_extract({number}, {literal(_FRACTION)}, 1))"
    exponent = f"coalesce(TRY_CAST(regexp_extract({number}, {literal(_EXPONENT)}, 1) AS INTEGER), 0)"
    return f"{fraction} - {exponent} <= {38 - (digits - scale) - (_power_of_ten(rule.divide_by) or 0)}"


def _wide(rule: ColumnRule, target: str, number: str) -> str:
    """The number with every decimal that 38 digits can hold, so that rounding can be seen."""
    digits, scale = _precision(target) or (0, 0)
    # DuckDB reads 1_000 as 1000; nobody writes an amount so on purpose.
    plain = f"CASE WHEN NOT contains({number}, '_') THEN {number} END"
    wide = f"DECIMAL(38,{38 - (digits - scale)})"
    exponent = _power_of_ten(rule.divide_by)
    if exponent is not None:
        return f"TRY_CAST({plain}{_shifted(-exponent)} AS {wide})"
    units = f"TRY_CAST({plain}{_shifted(scale)} AS DECIMAL(38,{38 - digits}))"
    quotient = f"CAST(CAST({units} AS HUGEINT) // {rule.divide_by} AS VARCHAR)"
    whole = f"CASE WHEN {units} % {rule.divide_by} = 0 THEN {quotient} END"
    return f"TRY_CAST({whole}{_shifted(-scale)} AS {wide})"


def _power_of_ten(divisor: int | None) -> int | None:
    exponent = len(str(divisor or 1)) - 1
    return exponent if (divisor or 1) == 10**exponent else None


def _number_without_noise(rule: ColumnRule, target: str, raw: str, raw_type: str) -> str:
    """The number next to a float that lies so near that sums of floats explain it, and no further decimal does."""
    _, scale = _precision(target) or (0, 0)
    number = f"(CAST({raw} AS DOUBLE) / {rule.divide_by or 1})"
    near = f"round({number}, {scale})"
    noise = f"least(abs({number}) * {_FLOAT_NOISE[raw_type]}, 5e-{scale + 2})"
    return f"CASE WHEN isfinite({number}) AND abs({number} - {near}) <= {noise} THEN TRY_CAST({near} AS {target}) END"


def _boolean(meaning_sql: str) -> str:
    yes, no = (", ".join(literal(word) for word in words) for words in (_TRUE, _FALSE))
    return f"CASE WHEN lower({meaning_sql}) IN ({yes}) THEN true WHEN lower({meaning_sql}) IN ({no}) THEN false END"


def _moment(rule: ColumnRule, target: str, raw: str, native: str | None, meaning_sql: str) -> str:
    """TIMESTAMP: UTC. DATE: the calendar day in the rule's zone; anything but midnight is no date."""
    if native == "DATE" and target == "DATE":
        # Days reach further than moments, and all that looks at days compares them with moments.
        return f"CASE WHEN isfinite(TRY_CAST({raw} AS TIMESTAMP)) THEN {raw} END"
    local_zone = rule.zone if target == "TIMESTAMP" else None
    if native is not None and native.endswith("WITH TIME ZONE"):
        moment = f"CASE WHEN isfinite({raw}) THEN {_at(raw, rule, target)} END"
    elif native is not None:
        moment = _to_utc(f"CASE WHEN isfinite({raw}) THEN {_micros(raw, native == 'TIMESTAMP_NS')} END", local_zone)
    elif rule.formats:
        moments = [_by_format(rule, target, meaning_sql, pattern, local_zone) for pattern in rule.formats]
        moment = f"coalesce({', '.join(moments)})"
    else:
        local = _to_utc(f"TRY_CAST({meaning_sql} AS TIMESTAMP)", local_zone)
        offset = _at(f"TRY_CAST(upper({meaning_sql}) AS TIMESTAMPTZ)", rule, target)
        moment = (
            f"CASE WHEN regexp_full_match({meaning_sql}, {literal(_LOCAL_TIME)}) THEN {local}"
            f" WHEN regexp_full_match({meaning_sql}, {literal(_TIME_WITH_OFFSET)}) THEN {offset} END"
        )
    if target == "DATE":
        return f"CASE WHEN ({moment}) = date_trunc('day', {moment}) THEN CAST({moment} AS DATE) END"
    return moment


def _by_format(rule: ColumnRule, target: str, meaning_sql: str, pattern: str, local_zone: str | None) -> str:
    parsed = f"try_strptime({meaning_sql}, {literal(pattern)})"
    if re.search(r"%[zZ]", pattern):
        return _at(f"CAST({parsed} AS TIMESTAMPTZ)", rule, target)
    return _to_utc(_micros(parsed, "%n" in pattern), local_zone)


def _micros(moment: str, has_nanos: bool) -> str:
    """A moment as TIMESTAMP. What is finer is cut off, as of texts: rounded, the last instant of a year is the next."""
    return f"TRY_CAST({f'CAST({moment} AS VARCHAR)' if has_nanos else moment} AS TIMESTAMP)"


def _at(instant: str, rule: ColumnRule, target: str) -> str:
    zone = rule.zone if target == "DATE" and rule.zone else "UTC"
    return f"timezone({literal(zone)}, {instant})"


def _to_utc(local: str, zone: str | None) -> str:
    """Local time → UTC. A time that occurs twice is read as the second, after the clocks went back; one that the
    clocks skipped has no UTC form.
    """
    if zone is None:
        return local
    instant = f"timezone({literal(zone)}, {local})"
    return f"CASE WHEN timezone({literal(zone)}, {instant}) = {local} THEN timezone('UTC', {instant}) END"
