"""Makes a labelled set from the sample company's people: records, the truth of who they are, and the roles of columns.

NAME.parquet: one row a record, `record_id` and the text columns of the kind. NAME_truth.parquet: `record_id` and
`entity_id`. NAME.yml: `column: role`. The same kind, size, share and seed give the same files. Records lie in mixed
order, and record ids are dealt out at random, so that neither says anything.

Usage: people.py KIND [--records N] [--seed S] [--households SHARE] [--folder DIR]
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from corruption import worn
from kinds import KINDS, Kind

from sample_company.columns import Ints, digits, glue, pick
from sample_company.noise import observe
from sample_company.people import generate

# Records seen at a time: what a record is made from takes thirty columns, and memory is to stay below a gigabyte or so.
CHUNK_RECORDS = 200_000
_TEXT = pa.string()


def make(kind_name: str, records: int, seed: int, household_share: float, folder: Path, name: str) -> None:
    """Write the three files of a set."""
    kind = KINDS[kind_name]
    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("record_id", _TEXT), *((column, _TEXT) for column in kind.columns)])
    truth_schema = pa.schema([("record_id", _TEXT), ("entity_id", _TEXT)])
    with (
        pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as record_file,
        pq.ParquetWriter(folder / f"{name}_truth.parquet", truth_schema, compression="zstd") as truth_file,
    ):
        for seen, truth in chunks(kind_name, records, seed, household_share):
            record_file.write_table(seen.cast(schema))
            truth_file.write_table(truth.cast(truth_schema))
    (folder / f"{name}.yml").write_text(yaml.safe_dump(kind.columns, sort_keys=False), encoding="utf-8")


def chunks(
    kind_name: str, records: int, seed: int, household_share: float, size: int = CHUNK_RECORDS
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Records and their truth, row by row the same records, `size` at a time."""
    kind = KINDS[kind_name]
    topic = zlib.crc32(kind_name.encode())
    rng = np.random.default_rng([seed, topic])
    count = max(1, round(records / kind.records_an_entity))
    people = generate(count, [seed, topic], household_share=household_share, organisation_share=kind.organisation_share)
    for shape in kind.shaping:
        people = shape(people, rng)
    who, source = _twice_at_most(count, records, rng) if kind.duplicate_free else _at_random(kind, count, records, rng)
    number = rng.permutation(records)
    for start in range(0, records, size):
        rows = slice(start, start + size)
        chunk_rng = np.random.default_rng([seed, topic, start + 1])
        record_id = glue(pa.scalar("R"), digits(number[rows], 8))
        seen = _seen(kind, people, who[rows], source[rows], chunk_rng)
        entity = people["person_id"].take(pa.array(who[rows])).combine_chunks()
        yield (
            pa.table({"record_id": record_id} | {column: seen[column] for column in kind.columns}),
            pa.table({"record_id": record_id, "entity_id": entity}),
        )


def _at_random(kind: Kind, people: int, records: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Everybody once and the rest by chance, from sources by their share."""
    everybody = np.arange(min(people, records))
    who = rng.permutation(np.concatenate([everybody, rng.integers(0, people, records - len(everybody))]))
    edges = np.cumsum([source.share for source in kind.sources])
    return who, np.minimum(np.searchsorted(edges, rng.random(records), side="right"), len(edges) - 1)


def _twice_at_most(people: int, records: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Half of the people in both sources, the others in one of them."""
    which = rng.permutation(people)
    both = which[: records - people]
    single = which[records - people :]
    who = np.concatenate([both, both, single])
    source = np.concatenate([np.zeros(len(both)), np.ones(len(both)), rng.integers(0, 2, len(single))])
    order = rng.permutation(len(who))
    return who[order].astype(np.int64), source[order].astype(np.int64)


def _seen(kind: Kind, people: pa.Table, who: Ints, source: Ints, rng: np.random.Generator) -> pa.Table:
    """What the records say, in the order of `who`."""
    parts, order = [], []
    for number, system in enumerate(kind.sources):
        rows = np.flatnonzero(source == number)
        if not len(rows):
            continue
        table = observe(people, who[rows], rng, system.habits).combine_chunks()
        columns = {column: _one(table[column]) for column in table.column_names}
        columns = worn(columns, rng, system.wear)
        columns["full_name"] = pc.coalesce(columns["full_name"], columns["organisation_name"])
        columns["source"] = pick([system.name], np.zeros(len(rows), dtype=np.int64))
        parts.append(pa.table(columns))
        order.append(rows)
    back = np.argsort(np.concatenate(order))
    return pa.concat_tables(parts).combine_chunks().take(pa.array(back))


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--households", type=float, help="share of the people who live with others")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/identity/sets"))
    options = parser.parse_args()
    share = KINDS[options.kind].households[0] if options.households is None else options.households
    make(options.kind, options.records, options.seed, share, options.folder, options.kind)
    print(f"{options.folder / options.kind}.parquet")


if __name__ == "__main__":
    main()
