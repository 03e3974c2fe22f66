"""The household of each customer, kept beside identity: customers with one surname and one address or contact.

Who shares a household is decided in `matching.households`; here are the customers that a run can have moved, and the
names of households. A household is named after its oldest customer, so it keeps its id while that one stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipelines.identity import comparables
from pipelines.identity.matching.households import households

if TYPE_CHECKING:
    import duckdb


# What is compared for households, in the columns of identity.comparable.
COLUMNS = """source_record_key, family, street, postal_code, city, email, phone, phone_alternate,
             birth_year, birth_month, birth_day"""


def update(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Bring `identity.customer_household` up to date.

    That is for all customers, or for those in `cluster_customer`, whoever shares a value with them, and the households
    of these.
    """
    if everything:
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW resident AS SELECT record_no, customer_id FROM identity.customer_crosswalk"
        )
    else:
        _find_moving(connection)
    table = connection.sql(
        f"""SELECT {COLUMNS}, customer_id
            FROM identity.comparable JOIN resident USING (record_no) ORDER BY source_record_key"""
    ).to_arrow_table()
    coded = table.column("customer_id").combine_chunks().dictionary_encode()
    customer = coded.indices.to_numpy()
    first = np.unique(customer, return_index=True)[1]
    groups = households(comparables.evidence_of(table), first[customer].astype(np.int64))
    connection.register("found", pa.table({"customer_id": coded.dictionary, "household_no": groups[first]}))
    connection.execute("CREATE OR REPLACE TEMP TABLE grouped AS SELECT * FROM found")
    connection.unregister("found")
    if everything:
        connection.execute("DELETE FROM identity.customer_household")
    else:
        connection.execute("DELETE FROM identity.customer_household WHERE customer_id IN (FROM moving)")
    _name(connection)


def _find_moving(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `moving` (customer_id), customers whose household may change, and retired ones; and their records.

    Those are `resident` (record_no, customer_id).
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE moving AS
           WITH shared AS (SELECT DISTINCT value_no FROM identity.home_value SEMI JOIN clustered USING (record_no)),
           beside AS (
             SELECT record_no FROM identity.home_value SEMI JOIN shared USING (value_no)
             UNION SELECT record_no FROM clustered),
           reached AS (
             SELECT customer_id FROM identity.customer_crosswalk SEMI JOIN beside USING (record_no)
             UNION SELECT customer_id FROM former)
           SELECT customer_id FROM identity.customer_household
           WHERE household_id IN (
             SELECT household_id FROM identity.customer_household SEMI JOIN reached USING (customer_id))
           UNION FROM reached"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE resident AS
           SELECT record_no, customer_id FROM identity.customer_crosswalk SEMI JOIN moving USING (customer_id)"""
    )


def _name(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """INSERT INTO identity.customer_household
           SELECT customer_id, 'H' || substr(first_value(customer_id) OVER (
                    PARTITION BY household_no ORDER BY occurred_at, customer_id), 2)
           FROM grouped JOIN (FROM identity.identity_event WHERE event_type = 'create') USING (customer_id)"""
    )
