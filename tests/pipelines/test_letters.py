"""Letters of a post room, from its folder to the tables of a home, under the shipped contract."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.catalog import load_catalog
from pipelines.deployment import Deployment
from pipelines.freshness.status import feed_status
from pipelines.ingest import FeedOutcome, sync_feed
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from warehouse.connection import open_warehouse

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
COLUMNS = (
    "letter_id,received_on,scanned_at,taken_in_by,sender,zip,phone,email,customer_no,order_no,about_type,about_no,"
    "document_class,subject,recognised_text,confidence,scan_file,scan_bytes,scan_sha256"
)
SCAN = b"%PDF a letter"


class PostRoom:
    """A post room's folder, and a home that follows it."""

    def __init__(self, folder: Path) -> None:
        self.drop, self.now = folder / "postroom", NOON
        self.contract = load_catalog()["postroom.letters"]
        self.deployment = Deployment(
            home=Home(folder / "home"),
            catalog={self.contract.feed: self.contract},
            environment={"C360_POSTROOM_FOLDER": str(self.drop)},
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
        )

    def scan(self, number: int, *names: str, content: bytes = SCAN) -> None:
        """Scans of a batch, written before its index."""
        place = self.drop / f"letters_{number}"
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            (place / name).write_bytes(content)

    def deliver(self, number: int, *letters: str, claims: int | None = None) -> FeedOutcome:
        """Sync once the index of a batch names these letters, each with its scan of the letter's name."""
        self.now += timedelta(hours=1)
        digest = hashlib.sha256(SCAN).hexdigest()
        lines = [
            f"{letter},2026-11-17,2026-11-17 15:04:05,E19,Ann Poe,62704,,,7,,,,praise,My thanks,Thank you all.,0.91,"
            f"letters_{number}/{letter}.pdf,{len(SCAN)},{digest}"
            for letter in letters
        ]
        rows = len(letters) if claims is None else claims
        text = [f"H|POSTROOM|{number}|20261117", COLUMNS, *lines, f"T|{rows}|{rows * len(SCAN)}"]
        self.drop.mkdir(exist_ok=True)
        (self.drop / f"letters_{number}.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
        return sync_feed(self.deployment, self.contract)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with open_warehouse(self.deployment.home.root) as connection:
            return connection.execute(sql).fetchall()

    def status(self) -> tuple[str, str]:
        with Ledger(self.deployment.home.ledger) as ledger:
            found = feed_status(ledger, self.contract, self.now)
        return found.status, found.reason

    def held(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT _key, reasons[1] FROM quarantine.held_row WHERE status = 'held' ORDER BY held_id")

    def staged(self) -> list[object]:
        return [key for (key,) in self.rows("SELECT interaction_id FROM staging.interactions ORDER BY 1")]


@pytest.fixture
def room(tmp_path: Path) -> PostRoom:
    return PostRoom(tmp_path)


def test_a_letter_is_an_inbound_contact_by_post_that_leads_to_its_scan(room: PostRoom) -> None:
    room.scan(1, "L1.pdf")
    assert room.deliver(1, "L1").troubles == []
    assert room.rows(
        """SELECT channel, direction, account_source, account_id, CAST(occurred_at AS VARCHAR),
                  CAST(recorded_at AS VARCHAR), summary, media_link, media_sha256, CAST(text_confidence AS VARCHAR)
           FROM staging.interactions"""
    ) == [
        ("post", "inbound", "shop", "7", "2026-11-17 00:00:00", "2026-11-17 15:04:05",
         "My thanks\nThank you all.", "letters_1/L1.pdf", hashlib.sha256(SCAN).hexdigest(), "0.9100"),
    ]  # fmt: skip


def test_the_scan_itself_is_kept_nowhere_in_the_home(room: PostRoom) -> None:
    room.scan(1, "L1.pdf")
    room.deliver(1, "L1")
    home = room.deployment.home.root
    assert not [file for file in home.rglob("*") if file.is_file() and SCAN in file.read_bytes()]


def test_a_letter_without_its_scan_is_held_until_the_batch_is_delivered_whole(room: PostRoom) -> None:
    room.scan(1, "L1.pdf")
    outcome = room.deliver(1, "L1", "L2")
    reason = "the scan or recording is not there as the source says it is: 'missing'"
    assert (room.staged(), room.held()) == (["L1"], [("L2", reason)])
    assert (outcome.tally.rows_in, outcome.tally.rows_new, outcome.tally.rows_quarantined) == (2, 1, 1)
    room.scan(1, "L2.pdf")
    room.deliver(1, "L1", "L2")
    assert (room.staged(), room.held()) == (["L1", "L2"], [])


def test_a_scan_that_was_cut_off_holds_its_letter(room: PostRoom) -> None:
    room.scan(1, "L1.pdf", content=SCAN[:-1])
    room.deliver(1, "L1")
    reason = "the scan or recording is not there as the source says it is: 'size_differs'"
    assert (room.staged(), room.held()) == ([], [("L1", reason)])


def test_a_scan_that_nobody_indexed_waits_for_a_person(room: PostRoom) -> None:
    room.scan(1, "L1.pdf", "L2.pdf")
    outcome = room.deliver(1, "L1")
    assert (room.staged(), room.held()) == (["L1"], [(None, "no line names this file")])
    assert outcome.rows_rejected == 1


def test_an_index_that_is_shorter_than_it_says_lands_nothing(room: PostRoom) -> None:
    room.scan(1, "L1.pdf")
    outcome = room.deliver(1, "L1", claims=2)
    assert "claims 2 rows and holds 1" in outcome.troubles[0]
    assert outcome.batch_ids == []


def test_an_index_before_its_scans_is_read_once_they_are_there(room: PostRoom) -> None:
    assert "is not there" in room.deliver(1, "L1").troubles[0]
    room.scan(1, "L1.pdf")
    assert sync_feed(room.deployment, room.contract).troubles == []
    assert room.staged() == ["L1"]


def test_empty_indexes_are_no_proof_that_no_letter_came(room: PostRoom) -> None:
    """A scanner that reads nothing writes the same list as a day without post."""
    room.scan(1, "L1.pdf")
    room.deliver(1, "L1")
    room.now = NOON + timedelta(days=9)
    room.deliver(2)
    assert room.status()[0] == "STALE"
