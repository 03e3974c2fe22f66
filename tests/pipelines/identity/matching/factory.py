"""Small tables of records, and what the engine makes of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.identity.matching import engine, reading
from pipelines.identity.matching.roles import Roles
from sample_company.people import generate, records

ROLES: Roles = {
    "given_name": ("given",), "family_name": ("family",), "full_name": ("name",), "date_of_birth": ("born",),
    "email": ("email",), "phone": ("phone",), "street": ("street",), "postal_code": ("code",), "city": ("city",),
    "organisation_name": ("firm",),
}  # fmt: skip
CRM_ROLES: Roles = {
    "given_name": ("given_name",), "family_name": ("family_name",), "organisation_name": ("organisation_name",),
    "email": ("email",), "phone": ("phone",), "street": ("street",), "city": ("city",), "region": ("region",),
    "postal_code": ("postal_code",), "country": ("country",), "date_of_birth": ("date_of_birth",),
}  # fmt: skip


def table_of(*rows: dict[str, str]) -> pa.Table:
    """Records r0, r1, ... with the columns of ROLES."""
    columns = [column for some in ROLES.values() for column in some]
    data = {column: pa.array([row.get(column) for row in rows], pa.string()) for column in columns}
    return pa.table({"record_id": [f"r{at}" for at in range(len(rows))], **data})


def crowd(people: int, *, household_share: float = 0.0, seed: int = 3) -> pa.Table:
    """Records of the sample company's people, as text, in the order of record_id."""
    made = records(generate(people, seed, household_share=household_share), seed + 1, per_person=2.5)
    return made.set_column(
        made.column_names.index("date_of_birth"), "date_of_birth", made.column("date_of_birth").cast(pa.string())
    ).sort_by("record_id")


def clusters(table: pa.Table, roles: Roles = ROLES) -> set[frozenset[str]]:
    """Record ids by customer."""
    cluster = engine.match(reading.read(table, roles)).cluster
    ids = table.column("record_id").to_pylist()
    return {frozenset(ids[at] for at in np.flatnonzero(cluster == number)) for number in np.unique(cluster)}


def pairwise_f1(found: np.ndarray, truth: np.ndarray) -> float:
    """F1 over pairs of records, from the contingency table."""

    def pairs(*labels: np.ndarray) -> int:
        _, counts = np.unique(np.stack(labels), axis=1, return_counts=True)
        return int((counts * (counts - 1) // 2).sum())

    return 2 * pairs(found, truth) / (pairs(found) + pairs(truth))
