"""Cast landed batches and judge their rows by the entity's rules. Several small batches are judged in one go.

Asking Great Expectations costs a quarter of a second whatever it looks at, so a backlog of daily files is judged
together; each batch is still cast, and later staged, on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import FeedContract
from connectors.manifest import IS_GONE
from expectations.validation import RuleResult, validate
from pipelines.column_rules import column_rules, entity_facts, entity_types, personal_columns
from pipelines.deployment import Deployment
from warehouse.casting import cast_batch, gather_checked
from warehouse.connection import remove_database, warehouse_work_path

# Row numbers of a group are those of its batches, set apart by this; a batch with more rows is judged alone.
GROUP_STRIDE = 2**40
# Together they stay well within memory, and a fault in one batch costs little work again.
GROUP_ROWS = 200_000
GROUP_BATCHES = 50


@dataclass(frozen=True)
class ToJudge:
    """One batch, or the rows of it that are judged again. `batch_id` names it in results and scratch files.

    Rows of a batch that `says_gone` are deleted where its column `IS_GONE` is true, too.
    """

    batch_id: str
    landed: Path
    row_count: int
    only_rows: tuple[int, ...] | None = None
    says_gone: bool = False


@dataclass(frozen=True)
class Judged:
    """A batch that was cast into `scratch`; `failures` has its rows that broke a rule."""

    batch_id: str
    scratch: Path
    failures: pa.Table


def groups(waiting: Sequence[ToJudge]) -> Iterator[list[ToJudge]]:
    """The batches in their order, cut into groups small enough to be judged in one go."""
    group: list[ToJudge] = []
    for batch in waiting:
        rows = sum(one.row_count for one in group)
        if group and (rows + batch.row_count > GROUP_ROWS or len(group) == GROUP_BATCHES):
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


@contextmanager
def judged(
    deployment: Deployment, contract: FeedContract, group: Sequence[ToJudge]
) -> Iterator[tuple[list[Judged], tuple[RuleResult, ...]]]:
    """Cast and judge a group: its batches in order, and the results of the rules over all of them.

    Scratch files are there for the length of the block.

    Raises:
        CastTrouble, SuiteTrouble, ValidationTrouble: the contract or a rule does not fit what was landed.
    """
    warehouse_work_path(deployment.home.root).mkdir(parents=True, exist_ok=True)
    scratches = [_scratch(deployment, batch.batch_id) for batch in group]
    together = scratches[0] if len(group) == 1 else _scratch(deployment, f"{group[0].batch_id}-and-on")
    try:
        for batch, scratch in zip(group, scratches, strict=True):
            _cast(contract, batch, scratch)
        if len(group) > 1:
            gather_checked(scratches, together, stride=GROUP_STRIDE)
        validation = validate(
            together,
            entity_facts(contract),
            feed=contract.feed,
            batch_id=group[-1].batch_id,
            now=deployment.clock(),
            docs_folder=deployment.home.data_docs,
        )
        failures = [_failures_of(validation.failures, position) for position in range(len(group))]
        batches = zip(group, scratches, failures, strict=True)
        yield [Judged(batch.batch_id, scratch, own) for batch, scratch, own in batches], validation.results
    finally:
        for path in {*scratches, together}:
            remove_database(path)


def _scratch(deployment: Deployment, batch_id: str) -> Path:
    return warehouse_work_path(deployment.home.root) / f"{batch_id.replace('/', '-')}.duckdb"


def _cast(contract: FeedContract, batch: ToJudge, scratch: Path) -> None:
    entity = contract.canonical
    deleted_when = contract.deletes.when
    if batch.says_gone:
        deleted_when = f"coalesce({deleted_when}, false) OR {IS_GONE}" if deleted_when else IS_GONE
    cast_batch(
        batch.landed,
        scratch,
        rules=column_rules(contract),
        types=entity_types(entity),
        key=entity.key,
        masked=personal_columns(entity),
        deleted_when=deleted_when,
        test_when=contract.test_rows,
        own_when=contract.watch.own_rows,
        only_rows=batch.only_rows,
    )


def _failures_of(failures: pa.Table, position: int) -> pa.Table:
    """The failing rows of one batch of the group, under the batch's own row numbers."""
    numbers = failures["row_number"]
    low, high = position * GROUP_STRIDE, (position + 1) * GROUP_STRIDE
    own = failures.filter(pc.and_(pc.greater_equal(numbers, low), pc.less(numbers, high)))
    index = own.schema.get_field_index("row_number")
    return own.set_column(index, own.schema.field(index), pc.subtract(own["row_number"], low))
