"""`c360 customer --why` for one customer, two customers and two records."""

from __future__ import annotations

from pipelines.settings import Home
from tests.journey_factory import Said, c360
from tests.pipelines.identity.resolved_factory import NOW, key


def why(home: Home, *named: str) -> Said:
    return c360(home, "customer", *named, "--why", now=NOW)


def test_a_customer_is_explained_by_any_of_its_names(home: Home) -> None:
    told = why(home, "C1")
    assert told.code == 0
    assert told.out == why(home, key("b")).out == why(home, "ann@lee.example").out == why(home, "C1", key("a")).out
    lines = told.out.splitlines()
    held = lines.index("What holds them together, the strongest first")
    assert lines[held + 1].strip() == f"{key('a')} – {key('b')}  +9.0 bits (99.8%)"
    assert lines[held + 2].strip() == "email same +9.0"
    assert f"Where it would split first  {key('b')} – {key('c')}, +2.0 bits (80.0%)" in lines
    # Of a-c and b-c only the latter is kept: (2 - 4) / 2.
    assert "  -1.0 bits on average (1 not alike enough to keep count -4); 1 of 2 pairs between them speak" in told.out
    assert "  This pair would speak against it without phone same +5.0." in lines
    assert any(line.strip().startswith("Name C2  C2  -3.0 bits") for line in lines)


def test_two_customers_are_explained_by_what_lies_between_them(home: Home) -> None:
    told = why(home, "C1", "C2")
    assert told.out.startswith("They are two customers, C1 and C2.")
    assert "similar  -1.0" in told.out


def test_two_records_of_one_customer_are_explained_by_their_chain(home: Home) -> None:
    told = why(home, key("a"), key("c"))
    assert told.out.startswith("They are one customer, C1.")
    assert "never found alike enough" in told.out
    assert told.out.index(f"{key('a')} – {key('b')}") < told.out.index(f"{key('b')} – {key('c')}")


def test_two_records_of_two_customers_are_explained_by_their_own_evidence(home: Home) -> None:
    document = c360(home, "customer", key("d"), key("c"), "--why", "--json", now=NOW).document
    assert (document["pair"]["bits"], document["pair"]["decided_by"]) == (-1.0, "model")
    assert document["between"]["possible"] == 3


def test_who_is_nobody_or_several_is_told(home: Home) -> None:
    nobody = why(home, "nobody@lee.example")
    assert (nobody.code, "Nobody answers to" in nobody.err) == (1, True)
    assert why(home, "C1", "C2", "C3").code == 2
    assert why(home, key("a"), key("a")).code == 2


def test_without_why_one_customer_is_named(home: Home) -> None:
    told = c360(home, "customer", "Ann", "Lee", now=NOW)
    assert (told.code, "in quotes" in told.err) == (2, True)
