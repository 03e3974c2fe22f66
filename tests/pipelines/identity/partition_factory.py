"""Lasting ids by themselves: the test says which records are one customer, and `crosswalk` which id that has."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.identity import crosswalk
from pipelines.identity.tables import ensure_schema
from warehouse.published_macros import create_macros

from .factory import DAY_ONE

# Those that ask identity alone.
MACROS = ("crosswalk_as_of", "current_customer_id")


class Partition:
    """Records are letters: 'a' is shop/accounts/a. `run` says who is together from then on, one day after the other.

    In memory, or in a file; then the caller closes `connection`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.connection = duckdb.connect(str(path) if path else ":memory:")
        self.runs = 0
        ensure_schema(self.connection)
        self.connection.execute("CREATE TEMP TABLE superseded (source_record_key VARCHAR, account_key VARCHAR)")
        self.connection.execute(
            "CREATE TEMP TABLE judgement_in_force (left_key VARCHAR, right_key VARCHAR, decision VARCHAR)"
        )

        self.connection.execute(
            "CREATE VIEW main.dim_customer AS SELECT DISTINCT customer_id FROM identity.customer_crosswalk"
        )
        create_macros(self.connection, MACROS)

    @property
    def now(self) -> datetime:
        """Moment of the last run."""
        return DAY_ONE + timedelta(days=self.runs)

    def run(self, *groups: str) -> crosswalk.Changes:
        """Bring ids to these groups of letters; a letter that is in none of them has gone at its source."""
        self.runs += 1
        placed = [(key(letter), letter, number) for number, group in enumerate(groups) for letter in group]
        self.connection.register(
            "placed",
            pa.table(dict(zip(("source_record_key", "letter", "cluster_no"), zip(*placed, strict=True), strict=True))),
        )
        run = self.connection.execute
        run("""CREATE OR REPLACE TEMP TABLE removed AS
               SELECT source_record_key, record_no FROM identity.source_records
               ANTI JOIN placed USING (source_record_key)""")
        run("DELETE FROM identity.source_records WHERE record_no IN (SELECT record_no FROM removed)")
        run("""CREATE OR REPLACE TEMP TABLE touched AS
               SELECT *, ord(letter)::BIGINT AS record_no
               FROM placed ANTI JOIN identity.source_records USING (source_record_key)""")
        run(
            """INSERT INTO identity.source_records BY NAME
               SELECT record_no, source_record_key, 'shop' AS source_system, 'accounts' AS entity, letter AS record_id,
                      false AS is_stub, false AS is_deleted, 0 AS record_hash, $now AS first_seen_at FROM touched""",
            {"now": self.now.replace(tzinfo=None)},
        )
        run("""CREATE OR REPLACE TEMP TABLE clustered AS
               SELECT ord(letter)::BIGINT AS record_no, source_record_key, cluster_no, 1.0 AS confidence FROM placed""")
        run("CREATE OR REPLACE TEMP VIEW concerned_record AS FROM identity.source_records")
        return crosswalk.update(self.connection, now=self.now, run_id=f"run-{self.runs:04}")

    def ids(self) -> dict[str, str]:
        """Customer id of each letter."""
        return dict(
            self.connection.execute("SELECT record_id, customer_id FROM identity.customer_crosswalk").fetchall()
        )

    def ids_as_of(self, moment: datetime) -> dict[str, str]:
        """Customer id that each letter had at a moment; fails when one had several."""
        rows = self.connection.execute(
            "SELECT source_record_key, customer_id FROM crosswalk_as_of(?)", [moment]
        ).fetchall()
        assert len(rows) == len({record for record, _ in rows})
        return {record.removeprefix("shop/accounts/"): customer_id for record, customer_id in rows}

    def current(self, customer_id: str) -> str | None:
        """The customer that an id stands for today."""
        ((found,),) = self.connection.execute("SELECT current_customer_id(?)", [customer_id]).fetchall()
        return None if found is None else str(found)

    def redirects(self) -> dict[str, str]:
        """Where each id that was merged away leads."""
        return dict(
            self.connection.execute(
                "SELECT old_customer_id, current_customer_id FROM identity.customer_id_redirect"
            ).fetchall()
        )

    def events(self) -> list[tuple[str, str, str | None]]:
        """(event type, customer, other customer) of the last run, in the order in which they happened."""
        return self.connection.execute(
            """SELECT event_type, customer_id, other_customer_id FROM identity.identity_event
               WHERE run_id = ? ORDER BY event_id""",
            [f"run-{self.runs:04}"],
        ).fetchall()


def key(letter: str) -> str:
    return f"shop/accounts/{letter}"
