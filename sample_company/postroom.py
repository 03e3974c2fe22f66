"""Letters that reach the company by post: written, scanned, read by a machine, and dropped as an index beside scans.

A batch is the folder of its scans and then the index, which names each scan with its size and digest.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.accounts import anyone
from sample_company.columns import DAY, HOUR, Ints, Mask, blank, digits, glue, ints, pick, times, weighted, written
from sample_company.goods import LETTERS
from sample_company.noise import Habits, observe
from sample_company.state import Company, replace_file

FIRST_LETTER = 10_001
MAIL_ROOM_CLERK = "E19"
LETTER_COLUMNS = (
    "letter_id", "received_on", "scanned_at", "taken_in_by", "sender", "street", "city", "zip", "country", "phone",
    "email", "customer_no", "order_no", "about_type", "about_no", "document_class", "subject", "recognised_text",
    "confidence",
)  # fmt: skip
# Of a kind of letter in LETTERS.
_PARTS = ("document_class", "subject", "recognised_text")
SCAN_COLUMNS = ("scan_file", "scan_bytes", "scan_sha256")
_LETTER_HABITS = Habits(latin=0.9, nickname=0.02, typo=0.03, missing_email=0.7, missing_phone=0.4, missing_birth=1.0)
_TEXT_FIELDS = ("sender", "street", "zip", "city", "subject", "recognised_text")


def letters(
    company: Company, rng: np.random.Generator, people: pa.Table, customers: pa.Table, received: Ints
) -> pa.Table:
    """Letters received at these moments; `recorded_s` is the second of the scan, on the next day at the latest."""
    size = len(received)
    who = anyone(company, rng, people, size)
    account = np.full(people.num_rows, -1, dtype=np.int64)
    account[ints(customers["person"])] = ints(customers["id"])
    names_number: Mask = (account[who] >= 0) & (rng.random(size) < 0.5)
    seen = observe(people, who, rng, _LETTER_HABITS)
    kind = weighted(rng, [1.0] * len(LETTERS), size)
    day = received - received % DAY
    scanned = day + rng.integers(30 * HOUR, 36 * HOUR, size)
    number = company.take_ids("letters", size, FIRST_LETTER) + np.arange(size)
    table = {
        "letter_id": glue(pa.scalar("L"), digits(number)),
        "received_on": written(times(day), "%Y-%m-%d"),
        "scanned_at": written(times(scanned), "%Y-%m-%d %H:%M:%S"),
        "taken_in_by": pa.array([MAIL_ROOM_CLERK] * size, pa.string()),
        "sender": pc.coalesce(seen["full_name"], seen["organisation_name"]).combine_chunks(),
        **{name: seen[name].combine_chunks() for name in ("street", "city", "country", "phone", "email")},
        "zip": seen["postal_code"].combine_chunks(),
        "customer_no": blank(~names_number, digits(account[who])),
        **{name: pa.nulls(size, pa.string()) for name in ("order_no", "about_type", "about_no")},
        **{name: pick([letter[part] for letter in LETTERS], kind) for part, name in enumerate(_PARTS)},
        "confidence": pa.array([f"{share:.4f}" for share in rng.uniform(0.6, 0.995, size)], pa.string()),
        "person": who,
        "recorded_s": scanned,
    }
    return pa.table({name: table[name] for name in (*LETTER_COLUMNS, "person", "recorded_s")})


def batch_name(day: date, sequence: int) -> str:
    """The name of a batch: of its folder, and of its index without the ending."""
    return f"letters_{day:%Y%m%d}_{sequence:06d}"


def scanned(rows: pa.Table, batch: str) -> tuple[pa.Table, dict[str, bytes]]:
    """The letters with their scans' names, sizes and digests, and each scan by its name."""
    shown = rows.select(_TEXT_FIELDS).to_pylist()
    names = [f"{batch}/{letter_id}.pdf" for letter_id in rows["letter_id"].to_pylist()]
    scans = {
        name: _pdf([line for text in letter.values() if text for line in text.split("\n")])
        for name, letter in zip(names, shown, strict=True)
    }
    told = (
        names,
        [str(len(scans[name])) for name in names],
        [hashlib.sha256(scans[name]).hexdigest() for name in names],
    )
    for column, values in zip(SCAN_COLUMNS, told, strict=True):
        rows = rows.append_column(column, pa.array(values, pa.string()))
    return rows, scans


def write_letters(folder: Path, day: date, sequence: int, rows: pa.Table, scans: dict[str, bytes]) -> Path:
    """One batch: the scans that its lines name, then the index with header record, trailer and sum of sizes."""
    place, batch = folder / "postroom", batch_name(day, sequence)
    for name in sorted({name for name in rows["scan_file"].to_pylist() if name is not None}):
        replace_file(place / name, scans[name])
    body, columns = io.StringIO(newline=""), (*LETTER_COLUMNS, *SCAN_COLUMNS)
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(rows[name].to_pylist() for name in columns), strict=True))
    total = sum(int(size) for size in rows["scan_bytes"].to_pylist())
    text = f"H|POSTROOM|{sequence:06d}|{day:%Y%m%d}\n{body.getvalue()}T|{rows.num_rows}|{total}\n"
    target = place / f"{batch}.csv"
    replace_file(target, text.encode())
    return target


def _pdf(lines: Sequence[str]) -> bytes:
    """A PDF of one page with these lines; what its font does not know is a question mark, as on a poor scan."""
    escaped = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
    shown = "BT /F1 11 Tf 14 TL 72 770 Td " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"
    content = shown.encode("latin-1", "replace")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return out + end % (len(objects) + 1, table, len(objects) + 1, len(out))
