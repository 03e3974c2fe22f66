"""The review queue as a file for a spreadsheet, and the decisions that come back in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pipelines.identity.judgements import DECISIONS, Decision, Judgement, in_force, refusals
from pipelines.identity.pair import Pair, in_words

if TYPE_CHECKING:
    import duckdb

COLUMNS = (
    "left_key", "right_key", "left_record", "right_record", "model_says", "probability", "bits", "at_stake", "harm",
    "decision", "reason",
)  # fmt: skip
# What the decisions are read from; the rest is for the eye.
NEEDED = ("left_key", "right_key", "decision")
DELIMITERS = ",;\t"


class WrongFile(Exception):
    """A file of decisions that cannot be taken over. `problems` names each wrong line."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path, self.problems = path, tuple(problems)
        super().__init__(
            f"{path}: {len(problems)} problem(s); nothing was taken over. Correct them and import the file again.\n"
            + "\n".join(problems)
        )


def export(path: Path, rows: Sequence[dict[str, Any]], pairs: Sequence[Pair]) -> None:
    """Write queue rows and their pairs as CSV (UTF-8 with a mark, as spreadsheets want it), decisions left empty.

    Raises OSError when the file cannot be written.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
        lines.writeheader()
        for row, pair in zip(rows, pairs, strict=True):
            shown = row | {"left_record": in_words(pair.left), "right_record": in_words(pair.right),
                           "model_says": row["decision"], "decision": "", "reason": "",
                           "probability": f"{row['probability']:.4f}", "bits": f"{row['bits']:.1f}",
                           "harm": "" if row["harm"] is None else f"{row['harm']:.3f}"}  # fmt: skip
            lines.writerow(shown)


def read_decisions(
    connection: duckdb.DuckDBPyConnection, path: Path, *, decided_by: str, decided_at: datetime
) -> list[Judgement]:
    """The decisions of a file that `export` wrote and people filled; rows without one, or with that in force, are left.

    Raises WrongFile with every wrong line: an unreadable file or header, an unknown word, a row that says nothing
    whole, and judgements that the ones in force or above refuse.
    """
    problems: list[str] = []
    judged: list[tuple[int, Judgement]] = []
    standing = {(one.left_key, one.right_key): one.decision for one in in_force(connection)}
    for line, row in _rows(path):
        said = row["decision"].strip().lower().replace(" ", "_").replace("-", "_")
        left, right = sorted((row["left_key"].strip(), row["right_key"].strip()))
        if not said:
            continue
        if said not in DECISIONS:
            problems.append(
                f"line {line}: '{row['decision']}' is no decision. Write {', '.join(DECISIONS)} or nothing."
            )
        elif not left:
            problems.append(f"line {line}: a record's key is missing. Copy both keys from the exported file.")
        elif standing.get((left, right)) != said:
            reason = (row.get("reason") or "").strip()
            judged.append((line, Judgement(left, right, cast("Decision", said), decided_by, decided_at, reason)))
    for (line, _), refusal in zip(judged, refusals(connection, [one for _, one in judged]), strict=True):
        if refusal is not None:
            problems.append(f"line {line}: {refusal}")
    if problems:
        raise WrongFile(path, problems)
    return [one for _, one in judged]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the first line and values of each row. Raises WrongFile for a file that is no such table."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WrongFile(path, [f"it cannot be read ({error.strerror}). Name a filled export."]) from None
    except UnicodeDecodeError as error:
        raise WrongFile(path, [f"byte {error.start} is not UTF-8. Save it as CSV in UTF-8."]) from None
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    lines = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    names = next(lines, [])
    if absent := [name for name in NEEDED if name not in names]:
        raise WrongFile(path, [f"line 1: the columns {', '.join(absent)} are missing. Keep the header as exported."])
    start = lines.line_num + 1
    for values in lines:
        if values and len(values) != len(names):
            raise WrongFile(path, [f"line {start}: {len(values)} values under {len(names)} columns. Mend the row."])
        if values:
            yield start, dict(zip(names, values, strict=True))
        start = lines.line_num + 1
