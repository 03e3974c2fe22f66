"""The files that systems drop into folders: carrier, website, front desk and bureau. Their rows are decided elsewhere.

Every file is written under another name and then renamed, so that a reader sees the whole of it or nothing.
"""

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sample_company.columns import NEVER, ints, times, where, written
from sample_company.state import replace_file, write_table

CARRIER_COLUMNS = (
    "shipment_no", "order_no", "carrier", "tracking_no", "recipient", "street", "city", "zip", "country", "shipped",
    "promised", "delivered", "status", "freight", "service", "place",
)  # fmt: skip
NOTE_COLUMNS = (
    "note_no", "date", "time", "recorded", "clerk", "how", "in_out", "customer_no", "customer_name", "phone",
    "email", "zip", "about_type", "about_no", "topic", "note",
)  # fmt: skip
_CARRIER_TIME = "%d/%m/%Y %H:%M"
_ZONES = (0, 1, 2, -5)  # hours ahead of UTC in which the website's visitors write their clock


def parcels_between(parcels: pa.Table, begin: int, end: int) -> pa.Table:
    """Parcels created or changed in (begin, end], as the carrier shows them at the end, in its own columns."""
    moment = {name: ints(parcels[name]) for name in ("shipped", "delivered", "trouble_at")}
    touched = np.zeros(parcels.num_rows, dtype=np.bool_)
    for at in moment.values():
        touched |= (at > begin) & (at <= end)
    own = parcels.filter(pa.array(touched)).combine_chunks()
    happened = {name: np.where(at[touched] <= end, at[touched], NEVER) for name, at in moment.items()}
    fresh = happened["shipped"] > end - 6 * 3600
    status = where(fresh, pa.scalar("CR"), pa.scalar("IT"))
    # Out for delivery: the parcel comes within twelve hours of the file.
    near = (moment["delivered"][touched] - end) < 12 * 3600
    status = where(near & ~fresh, pa.scalar("OD"), status)
    status = where(happened["delivered"] < NEVER, pa.scalar("DL"), status)
    status = where(happened["trouble_at"] < NEVER, own["trouble"].combine_chunks(), status)
    cents = ints(own["freight_cents"])
    shown = {
        "shipped": written(times(happened["shipped"]), _CARRIER_TIME),
        "promised": written(times(ints(own["promised"])), _CARRIER_TIME),
        "delivered": written(times(happened["delivered"]), _CARRIER_TIME),
        "status": status,
        "place": where(happened["delivered"] < NEVER, own["place"].combine_chunks(), pa.scalar(None, pa.string())),
        "freight": pa.array([f"{value // 100}.{value % 100:02d}" for value in cents.tolist()], pa.string()),
    }
    columns = {name: own[name].combine_chunks() for name in own.column_names} | shown
    return pa.table({name: columns[name] for name in CARRIER_COLUMNS})


def write_carrier(folder: Path, day: date, sequence: int, rows: pa.Table) -> Path:
    """One carrier file: header record, column line, rows, trailer with row count and sum of freight."""
    body = io.StringIO(newline="")
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(CARRIER_COLUMNS)
    writer.writerows(zip(*(rows[name].to_pylist() for name in CARRIER_COLUMNS), strict=True))
    cents = sum(round(float(value) * 100) for value in rows["freight"].to_pylist() if value)
    header = f"H|CARRIER|{sequence:06d}|{day:%Y%m%d}|P\n"
    text = f"{header}{body.getvalue()}T|{rows.num_rows}|{cents // 100}.{cents % 100:02d}\n"
    target = folder / "carrier" / f"shipments_{day:%Y%m%d}_{sequence:06d}.csv"
    replace_file(target, text.encode())
    return target


def write_registrations(
    folder: Path, day: date, rows: list[dict[str, Any]], *, compressed: bool = False
) -> Path | None:
    """One file of form submissions, one JSON object a line; none on a day without submissions."""
    if not rows:
        return None  # an empty file would look like one that was cut off
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    target = folder / "website" / f"registrations_{day:%Y-%m-%d}.jsonl{'.gz' if compressed else ''}"
    # A fixed time inside the archive keeps the bytes of equal content equal.
    replace_file(target, gzip.compress(content, mtime=0) if compressed else content)
    return target


def with_offset(moment: int, visitor: int) -> str:
    """A time as a visitor's browser writes it: local clock with offset."""
    zone = timezone(timedelta(hours=_ZONES[visitor % len(_ZONES)]))
    return datetime.fromtimestamp(moment, UTC).astimezone(zone).isoformat()


def write_notes(folder: Path, day: date, rows: pa.Table) -> Path:
    """One file of front-desk notes: latin-1, semicolons, line breaks inside quotes."""
    body = io.StringIO(newline="")
    writer = csv.writer(body, delimiter=";", lineterminator="\r\n")
    writer.writerow(NOTE_COLUMNS)
    writer.writerows(zip(*(rows[name].to_pylist() for name in NOTE_COLUMNS), strict=True))
    target = folder / "frontdesk" / f"notes_{day:%Y-%m-%d}.csv"
    replace_file(target, body.getvalue().encode("latin-1"))
    return target


def write_profiles(folder: Path, day: date, edition: int, profiles: pa.Table) -> Path:
    """A full snapshot of the bureau's profiles; the second and later editions of a month say so in their name."""
    suffix = f"_{edition}" if edition > 1 else ""
    target = folder / "bureau" / f"profiles_{day:%Y%m}{suffix}.parquet"
    write_table(target, profiles.drop_columns(["person"]))
    return target
