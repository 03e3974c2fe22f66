"""What Splink compares: it follows from the columns there are.

Comparisons are the plain data of Splink's documented settings, which serve DuckDB and Spark alike. A level holds for a
pair when none above it does. The agreement of two values weighs by how common the value is (term frequency adjustment).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pipelines.identity.matching.addresses import SAME_STREET
from pipelines.identity.matching.with_splink.records import HOME, RECORD

# What the dialects call the one function that they have under different names.
JARO_WINKLER = {"duckdb": "jaro_winkler_similarity", "spark": "jaro_winkler"}

SAME = "{name}_l = {name}_r"
SLIP = "damerau_levenshtein({name}_l, {name}_r) <= 1"
INITIAL = "substr({name}_l, 1, 1) = substr({name}_r, 1, 1)"
YEAR = "substr({name}_l, 1, 4) = substr({name}_r, 1, 4)"
MAILBOX = "split_part({name}_l, '@', 1) = split_part({name}_r, '@', 1)"
# Thresholds of Splink's NameComparison; the middle one is that of its EmailComparison as well.
NEARLY_SAME, ALIKE, SIMILAR = (f"{{jaro_winkler}}({{name}}_l, {{name}}_r) >= {least}" for least in (0.92, 0.88, 0.7))

# Levels below SAME.
LEVELS: dict[str, tuple[str, ...]] = {
    "given": (NEARLY_SAME, ALIKE, SIMILAR),
    "family": (NEARLY_SAME, ALIKE, SIMILAR),
    "middle": (INITIAL,),
    "generation": (),
    "birth": (SLIP, YEAR),
    "sex": (),
    "emails_0": (MAILBOX, ALIKE),
    "phones_0": (SLIP,),
    "national_id": (SLIP,),
    "organisation": (NEARLY_SAME, ALIKE, SIMILAR),
    "source": (),
    "category": (),
    "other": (),
}
# Share of matches among all pairs that Splink starts from.
START = 1e-4
# A street and a place are one piece of evidence, since who moves changes both.
PLACES = ("postal_code", "city", "region")
ADDRESS = "address"

Json = dict[str, Any]


def settings(columns: Collection[str], dialect: str) -> Json:
    """Settings of a model for records with these columns, in the SQL of `dialect` (duckdb or spark)."""
    jaro_winkler = JARO_WINKLER[dialect]
    compared = [_compared(name, columns, jaro_winkler) for name in columns if _kind(name) in LEVELS]
    address = _address(columns, jaro_winkler)
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": RECORD,
        "probability_two_random_records_match": START,
        "comparisons": [*compared, *address],
        # Pairs are handed over, not found.
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _kind(name: str) -> str:
    """Columns category_0, category_1, ... are all compared like a category."""
    return name.rsplit("_", 1)[0] if name.startswith(("category_", "other_")) else name


def _compared(name: str, columns: Collection[str], jaro_winkler: str) -> Json:
    further = [_level(condition.format(name=name, jaro_winkler=jaro_winkler)) for condition in LEVELS[_kind(name)]]
    return _comparison(name, [name], [_same(name), *_in_other_columns(name, columns), *further])


def _in_other_columns(name: str, columns: Collection[str]) -> Iterator[Json]:
    """An e-mail address or telephone number that stands first with one record and later with the other."""
    each = [one for one in columns if name.endswith("_0") and one.startswith(name.removesuffix("0"))]
    crossed = [f"{one}_l = {other}_r" for one in each for other in each if (one, other) != (name, name)]
    if crossed and _kind(name) == name:
        yield _level(" OR ".join(crossed))


def _address(columns: Collection[str], jaro_winkler: str) -> Iterator[Json]:
    places = [name for name in PLACES if name in columns]
    parts = [name for name in ("street", *places) if name in columns]
    levels = []
    if HOME in columns:
        near = f"{jaro_winkler}(street_l, street_r) >= {SAME_STREET}"
        nearby = " OR ".join(SAME.format(name=name) for name in places)
        levels = [_same(HOME), _level(f"{near} AND ({nearby})" if nearby else near), _level(SAME.format(name="street"))]
    levels += [_same(name) for name in places]
    if levels:
        yield _comparison(ADDRESS, parts, levels)


def _same(name: str) -> Json:
    # Splink is not to look for another level with this agreement: where it stands below others, it has a u of its own.
    return {
        **_level(SAME.format(name=name)),
        "tf_adjustment_column": name,
        "disable_tf_exact_match_detection": True,
    }


def _level(condition: str) -> Json:
    return {"sql_condition": condition, "label_for_charts": condition}


def _comparison(name: str, columns: Collection[str], levels: list[Json]) -> Json:
    unknown = " AND ".join(f"({column}_l IS NULL OR {column}_r IS NULL)" for column in columns)
    return {
        "output_column_name": name,
        "comparison_levels": [{**_level(unknown), "is_null_level": True}, *levels, _level("ELSE")],
    }
