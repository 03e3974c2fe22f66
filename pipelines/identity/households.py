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


def update_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring `identity.customer_household` to the state of `clustered`, which holds all records."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE grouped AS
           SELECT DISTINCT customer_id, household_no FROM clustered JOIN cluster_customer USING (cluster_no)"""
    )
    connection.execute("DELETE FROM identity.customer_household")
    _name(connection)


def update_changed(connection: duckdb.DuckDBPyConnection) -> None:
    """The same for the customers in `cluster_customer`, whoever shares a value with them, and their households."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE grouped_customer AS
           WITH mine AS (FROM identity.comparable SEMI JOIN clustered USING (source_record_key)),
           beside AS (
             SELECT other.source_record_key FROM mine JOIN identity.comparable AS other USING (family, email)
             UNION SELECT other.source_record_key FROM mine JOIN identity.comparable AS other USING (family, phone)
             UNION SELECT other.source_record_key FROM mine JOIN identity.comparable AS other USING (family, street)
             UNION SELECT source_record_key FROM clustered),
           reached AS (
             SELECT customer_id FROM beside JOIN identity.customer_crosswalk USING (source_record_key)
             UNION SELECT customer_id FROM former)
           SELECT customer_id FROM identity.customer_household
           WHERE household_id IN (
             SELECT household_id FROM identity.customer_household SEMI JOIN reached USING (customer_id))
           UNION FROM reached"""
    )
    members = """SELECT comparable.*, customer_id FROM identity.comparable
                 JOIN identity.customer_crosswalk USING (source_record_key)
                 WHERE customer_id IN (FROM grouped_customer)"""
    evidence = comparables.evidence(connection, members)
    ids = connection.sql(f"SELECT customer_id FROM ({members}) ORDER BY source_record_key").to_arrow_table()
    coded = ids.column("customer_id").combine_chunks().dictionary_encode()
    customer = coded.indices.to_numpy()
    first = np.unique(customer, return_index=True)[1]
    groups = households(evidence, first[customer].astype(np.int64))
    connection.register("found", pa.table({"customer_id": coded.dictionary, "household_no": groups[first]}))
    connection.execute("CREATE OR REPLACE TEMP TABLE grouped AS SELECT * FROM found")
    connection.unregister("found")
    connection.execute("DELETE FROM identity.customer_household WHERE customer_id IN (FROM grouped_customer)")
    _name(connection)


def _name(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """INSERT INTO identity.customer_household
           SELECT customer_id, 'H' || substr(first_value(customer_id) OVER (
                    PARTITION BY household_no ORDER BY occurred_at, customer_id), 2)
           FROM grouped JOIN (FROM identity.identity_event WHERE event_type = 'create') USING (customer_id)"""
    )
