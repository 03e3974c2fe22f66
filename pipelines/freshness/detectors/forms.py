"""Forms: values made of other characters than any before, as numbers where there were names.

A form that a column never had is exact evidence: it needs no band, only enough values to rule out a slip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipelines.freshness.detectors import dirt
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.ledger.profiles import ColumnProfile

# A form that at most one value in so many had before is none that the column has.
RARE = 200


@dataclass(frozen=True)
class Form:
    """What values are made of. Losing letters and gaining digits are one way to look like another column's."""

    words: str
    is_numeric: bool
    count: Callable[[ColumnProfile], int]


FORMS = (
    Form("without a letter", True, lambda one: one.wordless or 0),
    Form("with a digit", True, lambda one: _texts(one) - (one.digitless or 0)),
    Form("without a digit", False, lambda one: one.digitless or 0),
    Form("with a letter", False, lambda one: _texts(one) - (one.wordless or 0)),
)


@dataclass(frozen=True)
class Strange:
    """Values of a column in a form that it did not have before."""

    column: str
    form: Form
    look: dirt.Look


def strange_columns(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Strange]:
    """Columns of the newest batch with values in a form that is new to them; of several forms the first."""
    for column, newest in history.profiles[batches[-1].batch_id].items():
        if newest.wordless is None:
            continue
        looks = ((form, dirt.look(_parts(history, batches, column, form), dirt.NEVER)) for form in FORMS)
        found = next((Strange(column, form, look) for form, look in looks if _is_new(look)), None)
        if found is not None:
            yield found


def _is_new(look: dirt.Look) -> bool:
    was_known = look.rows_before >= dirt.PRIOR_ROWS and look.bad_before * RARE <= look.rows_before
    return look.is_beyond and was_known


def _parts(history: FeedHistory, batches: Sequence[Batch], column: str, form: Form) -> list[dirt.Part]:
    profiles = ((batch, history.profiles[batch.batch_id].get(column)) for batch in batches)
    return [
        dirt.Part(batch.landed_at, _texts(profile), form.count(profile))
        for batch, profile in profiles
        if profile is not None and profile.wordless is not None and _texts(profile)
    ]


def _texts(profile: ColumnProfile) -> int:
    return profile.rows - profile.nulls
