"""Landing a feed from real files: what is committed counts, what is not is swept, and a lost ledger is rebuilt."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import FeedContract
from connectors.landing import LandingFolder
from pipelines import land
from pipelines.deployment import Deployment
from pipelines.ledger import batches, leases
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from tests.connectors.rest_server import Server, order, page, rest_contract

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

CONTRACT = FeedContract.model_validate(
    {
        "feed": "carrier.shipments",
        "description": "Parcels.",
        "grain": "One row per parcel.",
        "owner": "team:logistics",
        "schedule": "0 6 * * *",
        "freshness": {"promise": "26h"},
        "source": {"kind": "files", "connection": "DROP", "pattern": "*.csv", "format": "csv"},
        "columns": {"shipment_id": "id", "carrier": "carrier"},
    }
)


class Desk:
    """A home folder, a drop folder, and a clock that stands where it is put."""

    def __init__(self, folder: Path) -> None:
        self.drop = folder / "drop"
        self.drop.mkdir()
        self.now = NOON
        self.deployment = Deployment(
            home=Home(folder / "home"),
            catalog={CONTRACT.feed: CONTRACT},
            environment={"DROP": str(self.drop)},
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
            patience=timedelta(0),
        )
        self.folder = LandingFolder(self.deployment.home.landing, CONTRACT)

    def file(self, name: str, *ids: str) -> None:
        (self.drop / name).write_text("id,carrier\n" + "".join(f"{number},DHL\n" for number in ids), encoding="utf-8")

    def land(self) -> land.Landing:
        return land.land_feed(self.deployment, CONTRACT)

    def ledger(self) -> Ledger:
        return Ledger(self.deployment.home.ledger)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_file_becomes_one_batch_once(desk: Desk) -> None:
    desk.file("1.csv", "a", "b")
    desk.file("2.csv", "c")
    assert desk.land().batch_ids == ["carrier.shipments-00000001", "carrier.shipments-00000002"]
    assert desk.land().batch_ids == []


def test_a_file_that_cannot_be_used_is_told_and_does_not_keep_back_the_next(desk: Desk) -> None:
    desk.file("1.csv", "a")
    (desk.drop / "2.csv").write_text("", encoding="utf-8")
    desk.file("3.csv", "c")
    landing = desk.land()
    assert landing.rows_landed == 2
    assert landing.trouble is not None
    assert "2.csv" in str(landing.trouble)
    with desk.ledger() as ledger:
        assert ledger.rows("SELECT status FROM feed_run")[0]["status"] == "PARTIAL"


def test_an_error_that_nobody_foresaw_is_a_trouble_of_its_feed_with_its_trace_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(LandingFolder, "write", broken)
    desk.file("1.csv", "a")
    trouble = desk.land().trouble
    faults = desk.deployment.home.faults
    assert str(trouble) == (
        "carrier.shipments: a fault of the program: ZeroDivisionError: nobody foresaw this. "
        f"What was landed is safe; the next sync tries again; the trace is in {faults}."
    )
    assert "in broken" in faults.read_text()
    with desk.ledger() as ledger:
        assert tuple(ledger.rows("SELECT status, error_kind FROM feed_run")[0]) == ("FAILED", "stopped")
    monkeypatch.undo()
    assert desk.land().rows_landed == 1


def test_a_batch_that_was_renamed_but_not_written_down_is_adopted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.file("1.csv", "a")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batches, "add_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.land()
    monkeypatch.undo()
    assert desk.folder.committed() == ["carrier.shipments-00000001"]
    assert desk.land().batch_ids == []
    with desk.ledger() as ledger:
        assert batches.pending_batches(ledger, CONTRACT.feed) == ["carrier.shipments-00000001"]


def test_what_a_killed_run_left_half_written_is_swept_and_landed_again(desk: Desk) -> None:
    left = desk.folder.incoming("carrier.shipments-00000001")
    (left / "data.parquet").write_bytes(b"PAR1 half a file")
    desk.file("1.csv", "a")
    assert desk.land().rows_landed == 1
    assert not left.exists()


def test_a_ledger_that_was_lost_is_rebuilt_from_the_manifests(desk: Desk) -> None:
    desk.file("1.csv", "a", "b")
    desk.land()
    for path in desk.deployment.home.root.glob("ledger.db*"):
        path.unlink()
    assert desk.land().batch_ids == []
    with desk.ledger() as ledger:
        (batch,) = ledger.rows("SELECT batch_id, row_count, file_name FROM feed_batch")
    assert tuple(batch) == ("carrier.shipments-00000001", 2, "1.csv")


def test_a_run_that_lost_its_lease_commits_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.file("1.csv", "a")
    write = LandingFolder.write

    def slow(*arguments: object) -> object:
        written = write(*arguments)  # type: ignore[arg-type]
        with desk.ledger() as other:
            other.write("UPDATE lease SET token = token + 1")
        return written

    monkeypatch.setattr(LandingFolder, "write", slow)
    trouble = desk.land().trouble
    assert trouble is not None
    assert "another run took over" in trouble.fact
    assert desk.folder.committed() == []


def test_a_feed_that_another_run_works_on_is_busy_and_says_with_whom(desk: Desk) -> None:
    with desk.ledger() as ledger:
        leases.acquire(ledger, f"feed:{CONTRACT.feed}", now=NOON)
        trouble = desk.land().trouble
    assert trouble is not None
    assert trouble.kind == "busy"
    assert "process" in trouble.fact


def test_raw_bytes_go_when_their_retention_is_over_and_the_rows_stay(desk: Desk) -> None:
    desk.file("1.csv", "a")
    (batch_id,) = desk.land().batch_ids
    raw = desk.folder.folder / batch_id / "raw"
    with desk.ledger() as ledger:
        batches.mark_staged(ledger, batch_id, CONTRACT.feed, batches.Tally(1, 1, 0, 0, 0, 0, 0, 0), NOON)
    desk.now = NOON + timedelta(days=13)
    desk.land()
    assert list(raw.iterdir())
    desk.now = NOON + timedelta(days=15)
    desk.land()
    assert not raw.exists()
    assert desk.folder.table(batch_id).exists()


def test_undeclared_columns_are_reported_and_not_landed(desk: Desk) -> None:
    (desk.drop / "1.csv").write_text("id,carrier,mood\na,DHL,good\n", encoding="utf-8")
    landing = desk.land()
    assert landing.undeclared_columns == ["mood"]
    assert "mood" not in desk.folder.manifest(landing.batch_ids[0]).columns


def test_an_endpoint_that_does_not_answer_fails_its_check_and_one_that_does_is_asked_once(tmp_path: Path) -> None:
    server, contract = Server(), rest_contract({"kind": "offset", "parameter": "offset", "size": 1})
    deployment = Deployment(
        home=Home(tmp_path),
        catalog={contract.feed: contract},
        environment={"SHOP": server.url},
        clock=lambda: NOON,
        sleep=lambda _seconds: None,
    )
    server.answer = lambda _path, _params: page([order(1)])
    assert land.check_source(deployment, contract) is None
    assert len(server.asked) == 1
    server.answer = lambda _path, _params: page("{}", 404)
    assert "404" in str(land.check_source(deployment, contract))
    server.close()
    assert "cannot be reached" in str(land.check_source(deployment, contract))
