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
# SQL: numbers of what a record shares with those of its household.
SHARED = ", ".join(
    f"if(family IS NULL OR {name} IS NULL, NULL, hash(family, {name}))"
    for name in ("email", "phone", "phone_alternate", "street")
)


def update(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Bring `identity.customer_household` up to date.

    That is for all customers, or for those in `cluster_customer`, whoever shares a value with them, and the households
    of these.
    """
    if everything:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE moving AS SELECT DISTINCT customer_id FROM identity.customer_crosswalk"
        )
    else:
        _find_moving(connection)
    table = connection.sql(
        f"""SELECT {COLUMNS}, customer_id
            FROM identity.comparable JOIN identity.customer_crosswalk USING (source_record_key)
            WHERE customer_id IN (FROM moving) ORDER BY source_record_key"""
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
    """Build `moving` (customer_id): customers whose household may change, and retired ones."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE shared_number AS
            SELECT DISTINCT unnest([{SHARED}]) AS number
            FROM identity.comparable SEMI JOIN clustered USING (source_record_key)"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE moving AS
            WITH beside AS (
              SELECT source_record_key FROM (SELECT source_record_key, unnest([{SHARED}]) AS number
                                             FROM identity.comparable) SEMI JOIN shared_number USING (number)
              UNION SELECT source_record_key FROM clustered),
            reached AS (
              SELECT customer_id FROM beside JOIN identity.customer_crosswalk USING (source_record_key)
              UNION SELECT customer_id FROM former)
            SELECT customer_id FROM identity.customer_household
            WHERE household_id IN (
              SELECT household_id FROM identity.customer_household SEMI JOIN reached USING (customer_id))
            UNION FROM reached"""
    )


def _name(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """INSERT INTO identity.customer_household
           SELECT customer_id, 'H' || substr(first_value(customer_id) OVER (
                    PARTITION BY household_no ORDER BY occurred_at, customer_id), 2)
           FROM grouped JOIN (FROM identity.identity_event WHERE event_type = 'create') USING (customer_id)"""
    )
