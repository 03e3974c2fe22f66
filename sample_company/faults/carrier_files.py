"""The carrier's files taken apart and put together again: header record, column line, lines, trailer."""

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

from sample_company.faults.shown import Moment, Shown


@dataclass(frozen=True)
class CarrierFile:
    """One file: `header` is its first record, `lines` are the parcels by column name."""

    header: str
    columns: tuple[str, ...]
    lines: tuple[dict[str, str], ...]
    trailer: str

    def honest(self) -> "CarrierFile":
        """The same with the trailer that belongs to its lines."""
        cents = sum(round(float(line["freight"]) * 100) for line in self.lines if line["freight"])
        return replace(self, trailer=f"T|{len(self.lines)}|{cents // 100}.{cents % 100:02d}")

    def renamed(self, sequence: int, business_date: str) -> "CarrierFile":
        """The same under another sequence number and date."""
        kind, sender, _, _, mode = self.header.split("|")
        return replace(self, header="|".join((kind, sender, f"{sequence:06d}", business_date, mode)))

    @property
    def sequence(self) -> int:
        """Its number in the carrier's sequence."""
        return int(self.header.split("|")[2])

    def content(self) -> bytes:
        """The file's bytes."""
        body = io.StringIO(newline="")
        writer = csv.writer(body, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([line[name] for name in self.columns] for line in self.lines)
        return f"{self.header}\n{body.getvalue()}{self.trailer}\n".encode()


def read_carrier(file: Path) -> CarrierFile:
    """A file as the carrier wrote it."""
    header, *rows, trailer = file.read_text(encoding="utf-8").splitlines()
    reader = csv.DictReader(rows)
    return CarrierFile(header, tuple(reader.fieldnames or ()), tuple(dict(row) for row in reader), trailer)


def new_files(shown: Shown, moment: Moment) -> list[Path]:
    """The carrier's files since the fault began, oldest first."""
    return shown.files("carrier", moment.begun)


def change_lines(shown: Shown, moment: Moment, values: dict[str, str], *, honest: bool = True) -> None:
    """Change the share of lines that is hit in each new file; a value may name columns: `{city}`."""
    for path in new_files(shown, moment):
        file = read_carrier(path)
        lines = tuple(
            line | {name: value.format(**line) for name, value in values.items()}
            if moment.is_chosen(line["shipment_no"])
            else line
            for line in file.lines
        )
        changed = replace(file, lines=lines)
        shown.rewrite(path, (changed.honest() if honest else changed).content())
