"""Stewards write under the warehouse's lease, and the next sync knows that they did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import stewardship
from pipelines.deployment import Deployment
from pipelines.identity import judgements
from pipelines.identity.judgements import Contradiction, Judgement
from pipelines.ledger import leases, publications
from pipelines.ledger.database import Ledger, stamp
from pipelines.refresh import _fingerprint, refresh_reason
from pipelines.settings import Home
from pipelines.stewardship import Busy
from pipelines.trouble import Trouble
from tests.pipelines.identity.resolved_factory import NOW, Resolved, key
from warehouse import quarantine
from warehouse.connection import open_reader, open_warehouse


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    world = Resolved(tmp_path / "warehouse.duckdb")
    world.customer("C1", "abc")
    world.connection.close()
    Ledger(tmp_path / "ledger.db").close()
    return Deployment(Home(tmp_path), {}, {}, lambda: NOW, lambda _: None, patience=timedelta(0))


def said(pair: str, decision: judgements.Decision) -> Judgement:
    return Judgement(key(pair[0]), key(pair[1]), decision, "ana", NOW, "")


def stored(deployment: Deployment) -> int:
    with open_reader(deployment.home.warehouse) as connection:
        return len(judgements.in_force(connection))


def reason_to_refresh(deployment: Deployment) -> str | None:
    with Ledger(deployment.home.ledger) as ledger:
        return refresh_reason(deployment, ledger)


def publish(deployment: Deployment) -> None:
    """As a refresh leaves the ledger."""
    deployment.home.published.touch()
    deployment.home.masked.parent.mkdir(exist_ok=True)
    deployment.home.masked.touch()
    with Ledger(deployment.home.ledger) as ledger:
        made_of = _fingerprint(ledger, [])
        publications.record_publication(ledger, publications.Publication("s", made_of, stamp(NOW), {}, 1))


def test_a_judgement_makes_a_refresh_due_at_the_same_moment_too(deployment: Deployment) -> None:
    publish(deployment)
    assert reason_to_refresh(deployment) is None
    stewardship.keep(deployment, [said("ab", "match")])
    assert "judged" in str(reason_to_refresh(deployment))
    publish(deployment)
    assert reason_to_refresh(deployment) is None
    stewardship.take_back(deployment, key("a"), key("b"), by="bo", reason="")
    assert "judged" in str(reason_to_refresh(deployment))


def test_what_is_refused_changes_nothing(deployment: Deployment) -> None:
    publish(deployment)
    with pytest.raises(Contradiction):
        stewardship.keep(deployment, [said("ab", "match"), said("bc", "match"), said("ac", "no_match")])
    assert (stored(deployment), reason_to_refresh(deployment)) == (0, None)


def held(deployment: Deployment) -> None:
    """One row in quarantine, which breaks a rule."""
    with open_warehouse(deployment.home.root) as connection:
        quarantine.ensure_schema(connection)
        connection.execute(
            "INSERT INTO quarantine.held_row (held_id, feed, _key, rules, status) "
            "VALUES ('b1/1', 'shop.orders', '1', ['total_negative'], 'held')"
        )


def accepted(deployment: Deployment) -> list[tuple[object, ...]]:
    with open_reader(deployment.home.warehouse) as connection:
        return connection.execute("SELECT held_id, rule, accepted_by, reason FROM quarantine.accepted_rule").fetchall()


def test_a_row_that_is_let_pass_bears_the_stewards_name(deployment: Deployment) -> None:
    held(deployment)
    stewardship.accept_held(deployment, ["b1/1"], by="ana", reason="a refund")
    assert accepted(deployment) == [("b1/1", "total_negative", "ana", "a refund")]


def test_no_row_is_let_pass_while_a_sync_writes(deployment: Deployment) -> None:
    held(deployment)
    with Ledger(deployment.home.ledger) as ledger:
        leases.acquire(ledger, "warehouse", now=NOW)
        with pytest.raises(Busy, match="Nothing was written"):
            stewardship.accept_held(deployment, ["b1/1"], by="ana", reason="a refund")
    assert accepted(deployment) == []


def test_dismissed_rows_are_counted_out_and_named_with_who_and_why(deployment: Deployment) -> None:
    held(deployment)
    assert stewardship.dismiss_held(deployment, "shop.orders", rule="total_negative", by="ana", reason="a test") == 1
    with open_reader(deployment.home.warehouse) as connection:
        rows = connection.execute("SELECT status, settled_by, settled_reason FROM quarantine.held_row").fetchall()
    assert rows == [("dismissed", "ana", "a test")]
    with Ledger(deployment.home.ledger) as ledger:
        assert ledger.tuples("SELECT feed, held, oldest_at FROM quarantine_count") == [("shop.orders", 0, None)]


def test_a_sample_is_no_reason_to_refresh(deployment: Deployment) -> None:
    publish(deployment)
    assert stewardship.draw_sample(deployment, size=5, seed=7) == "run-1/seed-7"
    assert reason_to_refresh(deployment) is None


def test_while_a_sync_writes_the_steward_is_told_so(deployment: Deployment) -> None:
    with Ledger(deployment.home.ledger) as ledger:
        lease = leases.acquire(ledger, "warehouse", now=NOW)
        with pytest.raises(Busy, match=r"being written by process \d+ .* Nothing was written\. Wait for the sync"):
            stewardship.keep(deployment, [said("ab", "match")])
        leases.release(ledger, lease)
    stewardship.keep(deployment, [said("ab", "match")])
    assert stored(deployment) == 1


def test_a_lease_lost_meanwhile_keeps_nothing(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = judgements.record_judgements

    def overtaken(*arguments: object) -> None:
        keep(*arguments)  # type: ignore[arg-type]
        with Ledger(deployment.home.ledger) as ledger:
            ledger.write("UPDATE lease SET token = token + 1")

    monkeypatch.setattr(judgements, "record_judgements", overtaken)
    with pytest.raises(leases.LeaseLost):
        stewardship.keep(deployment, [said("ab", "match")])
    assert stored(deployment) == 0


def test_a_ledger_of_before_there_were_judgements_learns_of_them(deployment: Deployment) -> None:
    with Ledger(deployment.home.ledger) as ledger:
        ledger.write("DROP TABLE judging")
    stewardship.keep(deployment, [said("ab", "match")])
    assert stored(deployment) == 1


def test_without_a_warehouse_none_is_made(deployment: Deployment, tmp_path: Path) -> None:
    empty = replace(deployment, home=Home(tmp_path / "empty"))
    with pytest.raises(Trouble, match="run c360 sync first"):
        stewardship.keep(empty, [said("ab", "match")])
    assert not (tmp_path / "empty").exists()
