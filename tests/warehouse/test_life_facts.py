"""Facts of life are kept for a purpose and until their day; no special categories are."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from tests.warehouse import marts_factory as make
from tests.warehouse.said_factory import at
from warehouse import models
from warehouse.connection import marts_path, masked_path, open_reader, open_warehouse, warehouse_path
from warehouse.masking import write_masked

PARTY = ("birthday_party", None, date(2026, 11, 20))
GRADE, MOVE = ("school_grade", "3", None), ("moving", None, date(2026, 12, 1))


def told(home: Path) -> tuple[list[tuple[object, ...]], list[str], str]:
    """What the table, the brief and the customer's row tell of LIFE."""
    with open_reader(marts_path(home)) as marts:
        facts = marts.execute(
            "SELECT kind, detail, happens_on FROM life_fact WHERE customer_id = 'LIFE' ORDER BY expires_at"
        ).fetchall()
        lines = marts.execute(
            "SELECT what FROM brief('LIFE', NULL) WHERE what LIKE 'life: %' ORDER BY section, place"
        ).fetchall()
        [(row,)] = marts.execute("SELECT life_facts FROM customer_360 WHERE customer_id = 'LIFE'").fetchall()
    return facts, [what for (what,) in lines], row


def test_a_fact_of_life_is_in_no_table_and_no_brief_from_the_day_on_which_it_ends(
    said_home: Path, tmp_path: Path
) -> None:
    # The snapshot is of noon on the 20th, the day of the party, which was to be later at first.
    facts, lines, row = told(said_home)
    assert facts == [PARTY, MOVE, GRADE]
    assert lines == ["life: birthday party 2026-11-20", "life: moving 2026-12-01", "life: school grade 3"]
    assert row == "birthday party 2026-11-20, moving 2026-12-01, school grade 3"

    marts_path(tmp_path).parent.mkdir()
    shutil.copy(warehouse_path(said_home), warehouse_path(tmp_path))
    with open_warehouse(tmp_path) as connection:
        make.snapshot(connection, "s2", at(21, 0))
    models.build(tmp_path)
    facts, lines, row = told(tmp_path)
    assert facts == [MOVE, GRADE]
    assert lines == ["life: moving 2026-12-01", "life: school grade 3"]
    assert row == "moving 2026-12-01, school grade 3"
    with open_reader(marts_path(tmp_path)) as marts:
        said = marts.execute("SELECT count(*) FROM statement WHERE rule_id = 'life_birthday_party_en'").fetchall()
    # Both words of LIFE and the example of the rule: what was said stays as it stands in its source.
    assert said == [(3,)]


def test_what_is_said_of_health_or_belief_makes_no_fact(said_home: Path) -> None:
    with open_reader(marts_path(said_home)) as marts:
        heard_in = marts.execute(
            """SELECT interaction_id FROM life_fact JOIN statement USING (statement_id)
               WHERE interaction_id IN ('contact:frontdesk/f3', 'contact:frontdesk/f4')"""
        ).fetchall()
        kept = " ".join(map(str, marts.execute("SELECT * FROM life_fact").fetchall())).lower()
    # Of the daughter with diabetes the grade is kept, and nothing else.
    assert heard_in == [("contact:frontdesk/f3",)]
    for word in ("diabetes", "church", "wheelchair", "pregnant", "kosher", "union"):
        assert word not in kept


def test_a_fact_that_was_told_later_is_in_no_brief_of_a_moment_before(said_home: Path) -> None:
    # The letter of the 8th was read on the 10th.
    asked = "SELECT what FROM brief('LIFE', ?) WHERE what LIKE 'life: %' ORDER BY place"
    with open_reader(marts_path(said_home)) as marts:
        before = [what for (what,) in marts.execute(asked, [at(9)]).fetchall()]
        after = [what for (what,) in marts.execute(asked, [at(10, 12)]).fetchall()]
    assert before == ["life: birthday party 2026-11-20", "life: school grade 3"]
    assert after == ["life: birthday party 2026-11-20", "life: moving 2026-12-01", "life: school grade 3"]


def test_the_masked_file_holds_no_fact_of_anybodys_life(said_home: Path, tmp_path: Path) -> None:
    write_masked(tmp_path, "key", marts_path(said_home))
    with open_reader(masked_path(tmp_path)) as masked:
        assert masked.execute("SELECT count(*) FROM life_fact").fetchall() == [(0,)]
        assert masked.execute("SELECT count(life_facts) FROM customer_360").fetchall() == [(0,)]
