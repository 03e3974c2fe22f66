"""Two runs never hold one lease; a dead holder loses it; an old token commits nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.ledger import leases
from pipelines.ledger.database import Ledger

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.db")


def test_a_living_holder_keeps_others_out_and_is_named(ledger: Ledger) -> None:
    leases.acquire(ledger, "feed:shop.orders", now=NOON)
    with pytest.raises(leases.LeaseHeld, match=r"process \d+ on .* since 2026-11-21 12:00:00 UTC"):
        leases.acquire(ledger, "feed:shop.orders", now=NOON)


def test_a_released_lease_is_given_out_again_with_a_higher_token(ledger: Ledger) -> None:
    first = leases.acquire(ledger, "feed:shop.orders", now=NOON)
    leases.release(ledger, first)
    assert leases.acquire(ledger, "feed:shop.orders", now=NOON).token == first.token + 1


def test_a_lease_whose_process_was_killed_is_free_at_once(ledger: Ledger) -> None:
    program = (
        "import os, sys; from datetime import datetime, UTC; from pathlib import Path;"
        "from pipelines.ledger import leases; from pipelines.ledger.database import Ledger;"
        f"leases.acquire(Ledger(Path({str(ledger.path)!r})), 'warehouse', now=datetime.now(UTC));"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -9
    assert leases.acquire(ledger, "warehouse", now=NOON).token == 2


def test_who_lost_the_lease_cannot_commit(ledger: Ledger) -> None:
    old = leases.acquire(ledger, "warehouse", now=NOON)
    leases.release(ledger, old)
    leases.acquire(ledger, "warehouse", now=NOON)
    with pytest.raises(leases.LeaseLost):
        leases.check(ledger, old)


def test_waiting_ends_when_patience_does(ledger: Ledger) -> None:
    leases.acquire(ledger, "warehouse", now=NOON)
    naps: list[float] = []
    with (
        pytest.raises(leases.LeaseHeld),
        leases.held(ledger, "warehouse", clock=lambda: NOON, patience=timedelta(seconds=1), sleep=naps.append),
    ):
        pass
    assert sum(naps) == pytest.approx(1.0)


def test_a_holder_on_another_host_is_dead_once_it_stops_renewing(ledger: Ledger) -> None:
    leases.acquire(ledger, "warehouse", now=NOON)
    ledger.write("UPDATE lease SET host = 'elsewhere'")
    with pytest.raises(leases.LeaseHeld):
        leases.acquire(ledger, "warehouse", now=NOON + timedelta(minutes=9))
    assert leases.acquire(ledger, "warehouse", now=NOON + timedelta(minutes=11)).token == 2


def test_many_threads_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        for number in range(10):
            path = tmp_path / f"{number}.db"
            list(pool.map(lambda _, path=path: Ledger(path).close(), range(8)))
