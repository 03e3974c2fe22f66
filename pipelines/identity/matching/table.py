"""Resolving any table: records and roles in, customers out. Behind the command `c360 resolve`.

Nothing but the roles is told; what agreement is worth is learned from the records. The result depends on the records
and their ids only, not on their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.identity.matching import engine, reading
from pipelines.identity.matching.backends import DEFAULT_THRESHOLDS, Backend, matcher
from pipelines.identity.matching.evidence import distinct
from pipelines.identity.matching.explanation import explain
from pipelines.identity.matching.households import households
from pipelines.identity.matching.judgements import NO_JUDGEMENTS, read_judgements
from pipelines.identity.matching.roles import Roles, WrongInput, read_roles, scan_of
from pipelines.identity.matching.threads import both
from warehouse.cast_sql import quoted

SHOWN = 5  # examples in an error


@dataclass(frozen=True)
class Resolved:
    """What came out, as counts; `pairs_by_rule` says how many pairs each blocking rule proposed."""

    records: int
    customers: int
    households: int
    pairs: int
    pairs_by_rule: dict[str, int]


def resolve_table(
    records: Path,
    roles: Path,
    output: Path,
    *,
    threshold: float | None = None,
    judgements: Path | None = None,
    explanation: Path | None = None,
    backend: Backend = Backend.OURS,
) -> Resolved:
    """Write who is who to `output` (Parquet, or CSV by its suffix).

    One row a record: record_id, customer_id (the lowest record_id of the customer), household_id (likewise), and
    confidence, the probability that the record belongs with the others of its customer, or for a customer with one
    record that it belongs to no other; null where nothing was there to compare. `threshold` is the probability above
    which records join, by default the backend's own. `explanation` gets one row a pair and attribute with its evidence
    in bits, which only our own backend can give. Raises WrongInput when a file or the backend cannot be used.
    """
    threshold = DEFAULT_THRESHOLDS[backend] if threshold is None else threshold
    if not 0 < threshold < 1:
        raise WrongInput(f"--threshold {threshold:g} is no probability. Give a number between 0 and 1.")
    if explanation and backend is not Backend.OURS:
        raise WrongInput(f"--explain shows the evidence of our own model, not of {backend}. Leave one of the two out.")
    read, written = (records, roles, judgements), [path for path in (output, explanation) if path]
    taken = {path.resolve() for path in read if path}
    for path in written:
        if path.resolve() in taken:
            raise WrongInput(f"{path} is named twice, and would be written over. Give each file a name of its own.")
        taken.add(path.resolve())
    match = matcher(backend)
    meaning = read_roles(roles)
    # The texts of all records are not held any longer than they are read.
    evidence = reading.read(read_records(records, meaning, roles), meaning)
    judged = read_judgements(judgements, evidence.record_ids) if judgements else NO_JUDGEMENTS
    matching = match(evidence, threshold=float(np.log2(threshold / (1 - threshold))), judged=judged)
    confidence, homes = both(lambda: engine.confidence(matching), lambda: households(evidence, matching.cluster))
    ids = evidence.record_ids
    result = pa.table(
        {
            "record_id": ids,
            "customer_id": ids.take(pa.array(matching.cluster)),
            "household_id": ids.take(pa.array(homes)),
            "confidence": pa.array(confidence, mask=np.isnan(confidence)),
        }
    )
    write(result, output)
    if explanation:
        write(explain(evidence, matching), explanation)
    return Resolved(
        records=len(evidence),
        customers=len(distinct(matching.cluster)),
        households=len(distinct(homes)),
        pairs=len(matching.left),
        pairs_by_rule=matching.pairs_by_rule,
    )


def read_records(path: Path, roles: Roles, roles_path: Path) -> pa.Table:
    """Read record_id and the columns that have a role, as text, in the order of record_id.

    Raises WrongInput for a file that cannot be read, for a column that is not there, and for ids missing or not unique.
    """
    if not path.exists():
        raise WrongInput(f"{path} does not exist. Give a Parquet or CSV file with a column record_id.")
    scan = scan_of(path)
    with duckdb.connect() as connection:
        try:
            present = [row[0] for row in connection.execute(f"DESCRIBE FROM {scan}").fetchall()]
            for column, where in [("record_id", path), *((c, roles_path) for some in roles.values() for c in some)]:
                if column not in present:
                    raise WrongInput(
                        f"{where}: {path.name} has no column {column}. It has {', '.join(present)}; name one of these."
                    )
            columns = {"record_id", *(column for some in roles.values() for column in some)}
            texts = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in map(quoted, sorted(columns)))
            table = connection.sql(f"SELECT {texts} FROM {scan} ORDER BY record_id").to_arrow_table().combine_chunks()
        except duckdb.Error as error:
            fact = " ".join(str(error).splitlines()[:3])
            raise WrongInput(f"{path} cannot be read as {path.suffix[1:] or 'Parquet'}: {fact}") from None
    ids = table.column("record_id")
    if ids.null_count:
        raise WrongInput(f"{path}: rows without a record_id: {ids.null_count:,}. Give each record an id of its own.")
    repeated = ids[1:].filter(pc.equal(ids[1:], ids[:-1])).unique()
    if len(repeated):
        shown = ", ".join(repeated[:SHOWN].to_pylist()) + (", ..." if len(repeated) > SHOWN else "")
        raise WrongInput(
            f"{path}: record_ids in more than one row: {len(repeated):,} ({shown}). Give each record its own id."
        )
    return table


def write(table: pa.Table, path: Path) -> None:
    """Write Parquet, or CSV where the name says so. Raises WrongInput where the folder cannot be written."""
    try:
        if path.suffix == ".csv":
            with duckdb.connect() as connection:
                connection.register("result", table)
                connection.execute(f"COPY result TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER)")
        else:
            pq.write_table(table, path)
    except (OSError, duckdb.Error) as error:
        raise WrongInput(f"{path} cannot be written ({error}). Name a file in a folder that exists.") from None
