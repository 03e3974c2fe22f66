"""Reading the sample company's systems the plain way, independent of any connector."""

import csv
import gzip
import io
import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

from sample_company import truth

START = date(2026, 11, 20)
CUSTOMERS = 400


def shop(folder: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(folder / "shop" / "shop.db")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def services(folder: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(folder / "services.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def bad(folder: Path, feed: str) -> set[str]:
    return {mistake["record_id"] for mistake in truth.counts(folder)[feed]["bad"]}


def carrier_file(file: Path) -> tuple[list[str], list[dict[str, str]], list[str]]:
    lines = file.read_text().splitlines()
    return lines[0].split("|"), list(csv.DictReader(lines[1:-1])), lines[-1].split("|")


def registrations(folder: Path) -> list[dict[str, Any]]:
    lines: list[str] = []
    for file in sorted((folder / "website").iterdir()):
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        lines += text.decode().splitlines()
    return [json.loads(line) for line in lines]


def desk_notes(folder: Path) -> list[dict[str, str]]:
    notes: list[dict[str, str]] = []
    for file in sorted((folder / "frontdesk").iterdir()):
        notes += csv.DictReader(io.StringIO(file.read_bytes().decode("latin-1"), newline=""), delimiter=";")
    return notes


def letters(folder: Path) -> list[dict[str, str]]:
    """Lines of all indexes of the post room, without header record and trailer."""
    found: list[dict[str, str]] = []
    for file in sorted((folder / "postroom").glob("letters_*.csv")):
        body = file.read_text().partition("\n")[2].rpartition("T|")[0]
        found += csv.DictReader(io.StringIO(body, newline=""))
    return found
