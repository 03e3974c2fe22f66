"""JSON to text, digit by digit: checked against Python's own parser, told to leave numbers alone."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.json_records import JsonRecords, value_at


class Digits(str):
    """A number as it stands in the text."""

    __slots__ = ()


def oracle(value: object) -> str | None:
    """What a JSON value must become: text as it is, numbers as written, containers as compact JSON."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else compact(value)


def compact(value: object) -> str:
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(compact(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{compact(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


numbers = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(lambda d: f"{d:f}"),
    st.sampled_from(["0", "-0", "1.50", "1e400", "-2.5E-7", "0.10", "12345678901234567890.00"]),
).map(Digits)
# DEL and the control characters are escaped in more than one way, so the oracle leaves them out of containers.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ['a: 1, "b": 2.50', "[1.0, 2]", "\\", '"', "1.5", "2026-11-20T10:00:00Z", "\ufdd0", "{}"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=8), st.booleans())
def test_every_value_becomes_its_own_text(rows, is_page):
    columns = JsonRecords({"a": None, "b.c": "$.b.c"})
    documents = [f'{{"a": {compact(a)} , "b" :{{"c":{compact(b)}}}}}' for a, b in rows]
    if is_page:
        found = columns.read_page('{"list": [' + ", ".join(documents) + "]}", "$.list")
    else:
        found, bad = columns.read_lines(documents)
        assert bad == []
    columns.close()
    assert found.to_pylist() == [{"a": oracle(a), "b.c": oracle(b)} for a, b in rows]


def test_a_decimal_total_can_be_added_up_exactly():
    columns = JsonRecords({"a": None})
    table, _ = columns.read_lines([f'{{"a": 0.{n:02}}}' for n in range(100)])
    columns.close()
    assert sum(Decimal(value) for value in table.column("a").to_pylist()) == Decimal("49.50")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 01}',
        '{"a": 1.}',
        '{"a": -}',
        '{"a": "\t"}',
        '{"a": "\\ud800"}',
        '{"a": "x',
        "[1]",
        "3",
        '"a"',
        "null",
    ],
)
def test_a_text_that_is_no_json_object_is_a_bad_record(text):
    columns = JsonRecords({"a": None})
    table, bad = columns.read_lines(['{"a": 1}', text, '{"a": 2.0}'])
    columns.close()
    assert table.column("a").to_pylist() == ["1", "2.0"]
    assert [(record.index, record.text, record.reason) for record in bad] == [(1, text, "is not a JSON object")]


def test_keys_with_dots_quotes_and_spaces_are_found():
    columns = JsonRecords({"a.b": None, 'say "hi"': None, "c d": '$."c d"'})
    table, _ = columns.read_lines(['{"a.b": 1.0, "say \\"hi\\"": 2, "c d": 3}'])
    columns.close()
    assert table.to_pylist() == [{"a.b": "1.0", 'say "hi"': "2", "c d": "3"}]


@pytest.mark.parametrize(
    ("path", "value"),
    [("$", {"a": [{"b": 1}], "c d": 2}), ("$.a[0].b", 1), ("$.a[1]", None), ('$."c d"', 2), ("$.x.y", None)],
)
def test_a_simple_path_leads_to_its_value(path, value):
    assert value_at({"a": [{"b": 1}], "c d": 2}, path) == value


def test_a_path_may_lead_through_a_quoted_key_with_a_dot():
    records = JsonRecords({"street": '$."ship.to".street', "city": '$."ship.to"."a\\"b"'})
    table, bad = records.read_lines([r'{"ship.to": {"street": "Main St", "a\"b": "Ulm"}, "ship": {"to": 1}}'])
    assert table.to_pylist() == [{"street": "Main St", "city": "Ulm"}]
    assert bad == []
    assert records.shape.absent({"street": None, "city": None}) == []


def test_a_key_that_stands_twice_on_the_way_to_a_value_makes_a_bad_record():
    records = JsonRecords({"street": "$.ship.to.street"})
    texts = [
        '{"ship": {"to": {"street": "first", "street": "second"}}}',
        '{"ship": {"to": {"street": "a"}, "to": {"street": "b"}}}',
        '{"ship": {"to": {"street": "good"}}, "other": {"x": 1, "x": 2}}',
        '{"ship": null}',
    ]
    table, bad = records.read_lines(texts)
    assert table.column("street").to_pylist() == ["good", None]
    assert [(one.index, one.reason) for one in bad] == [(0, "names a key twice"), (1, "names a key twice")]
    with pytest.raises(ValueError, match="record 1 names a key twice"):
        records.read_page(f"[{texts[1]}]", "$")


def test_a_page_that_names_its_list_twice_is_refused_as_one_of_them_would_be_lost():
    records = JsonRecords({"id": None})
    with pytest.raises(ValueError, match=r"names a key twice on the way to \$\.data\.rows"):
        records.read_page('{"data": {"rows": [{"id": 1}], "rows": [{"id": 2}]}}', "$.data.rows")
    with pytest.raises(ValueError, match="names a key twice"):
        records.read_page('{"data": {"rows": []}, "data": {"rows": [{"id": 2}]}}', "$.data.rows")
