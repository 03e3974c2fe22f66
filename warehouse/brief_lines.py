"""The lines of every customer's brief, made with the snapshot.

Asking twenty tables about one customer costs little reading and much planning, for every customer anew. Asked about all
customers at once the same macros are planned once.

Belongs here: filling `brief_line`. Does not belong here: what a line says (``brief_macros/*.yml``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# All parts but the one that goes by the moment of reading, brief_source.
_PARTS = ("brief_person", "brief_word", "brief_contact", "brief_matter", "brief_standing", "brief_channel")
# A macro puts its argument into its text as it is written, so no macro may give a table of its own this name.
_EVERYBODY = "everybody_there_is"


def write_lines(marts: duckdb.DuckDBPyConnection) -> None:
    """Fill `brief_line` of the built marts, whose macros are there.

    Rows lie by customer, so that a reader of one customer reads one piece of the table.
    """
    parts = " UNION ALL BY NAME ".join(
        f"""SELECT {_EVERYBODY}.customer_id, line.*
            FROM {_EVERYBODY}, LATERAL (FROM main.{part}({_EVERYBODY}.customer_id, NULL)) AS line"""
        for part in _PARTS
    )
    marts.execute(
        f"""INSERT INTO main.brief_line BY NAME
            WITH {_EVERYBODY} AS (SELECT customer_id FROM main.dim_customer)
            FROM ({parts}) ORDER BY customer_id"""
    )
