import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sample_company import company, truth
from sample_company.state import CompanyTrouble
from tests.sample_company.company_reader import (
    CUSTOMERS,
    START,
    bad,
    carrier_file,
    desk_notes,
    letters,
    registrations,
    services,
    shop,
)

FILE_FEEDS = ("carrier", "website", "frontdesk", "postroom", "bureau", "truth")


def contents(folder: Path) -> dict[str, object]:
    """Everything a reader can see: bytes of files, rows of databases."""
    seen: dict[str, object] = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for system in FILE_FEEDS
        for file in sorted((folder / system).rglob("*.*"))
    }
    for name in ("customers", "orders", "order_lines", "payments", "employees"):
        seen[name] = sorted(shop(folder, f"SELECT * FROM {name}"), key=repr)
    for name in ("users", "tickets", "comments", "campaigns", "activity"):
        seen[name] = sorted(services(folder, f"SELECT * FROM {name}"), key=repr)
    return seen


def unbalanced(folder: Path) -> list[int]:
    query = """
        SELECT o.id FROM orders o JOIN (
            SELECT order_id, sum(quantity * unit_price_cents) AS goods, sum(discount_cents) AS discount
            FROM order_lines GROUP BY 1
        ) l ON l.order_id = o.id
        WHERE o.total_cents IS NOT o.subtotal_cents - o.discount_cents + o.shipping_cents + o.tax_cents
           OR o.subtotal_cents IS NOT l.goods OR o.discount_cents IS NOT l.discount
           OR o.refunded_cents > o.total_cents"""
    excused = bad(folder, "shop.orders") | {key.split("|")[0] for key in bad(folder, "shop.order_lines")}
    return [row[0] for row in shop(folder, query) if str(row[0]) not in excused]


def test_the_same_seed_builds_the_same_company_and_the_same_next_day(tmp_path: Path) -> None:
    for name in ("one", "two"):
        company.create(tmp_path / name, customers=60, seed=3, start=START)
        company.advance(tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_company_is_not_built_over_another(first_day: Path) -> None:
    with pytest.raises(CompanyTrouble, match="lives here already"):
        company.create(first_day, customers=5, seed=1, start=START)


def test_an_order_balances_to_the_cent_on_the_first_and_on_later_days(own_company: Path) -> None:
    assert unbalanced(own_company) == []
    for _ in range(3):
        company.advance(own_company)
    assert unbalanced(own_company) == []
    assert shop(own_company, "SELECT count(*) FROM orders")[0][0] > 2 * CUSTOMERS


def test_nothing_of_the_first_day_lies_after_it(first_day: Path) -> None:
    late = shop(
        first_day,
        "SELECT id FROM orders WHERE updated_at > ? OR created_at > ?",
        "2026-11-20 23:59:59",
        "2026-11-20 23:59:59",
    )
    assert {str(row[0]) for row in late} <= bad(first_day, "shop.orders")
    late = shop(first_day, "SELECT id FROM customers WHERE updated_at > '2026-11-20 23:59:59'")
    assert {str(row[0]) for row in late} <= bad(first_day, "shop.customers")
    assert (
        services(first_day, "SELECT max(generated_timestamp) FROM tickets")[0][0]
        <= datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    )
    assert services(first_day, "SELECT max(timestamp) FROM activity")[0][0] <= "2026-11-20T23:59:59Z"


def test_an_advanced_day_stops_at_the_moment_given_and_the_next_one_goes_on_from_there(own_company: Path) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    summary = company.advance(own_company, until=noon)
    assert (summary.number, summary.day, summary.clock) == (1, date(2026, 11, 21), noon)
    after = shop(own_company, "SELECT id FROM orders WHERE updated_at > '2026-11-21 12:00:00'")
    assert after == []
    with pytest.raises(CompanyTrouble, match="2026-11-22"):
        company.advance(own_company, until=noon)
    company.advance(own_company)
    assert (
        shop(
            own_company,
            "SELECT count(*) FROM orders WHERE created_at BETWEEN '2026-11-21 12:00:01' AND '2026-11-21 23:59:59'",
        )[0][0]
        > 0
    )


def test_a_day_brings_new_late_changed_corrected_and_deleted_rows(own_company: Path) -> None:
    before = {
        row[0]: row[1:]
        for row in shop(own_company, "SELECT id, updated_at, total_cents, financial_status, deleted_at FROM orders")
    }
    wrong_before = bad(own_company, "shop.orders")
    newest = max(row[0] for row in before.values() if row[0] < "2190")
    summary = company.advance(own_company)
    after = {
        row[0]: row[1:]
        for row in shop(own_company, "SELECT id, updated_at, total_cents, financial_status, deleted_at FROM orders")
    }
    floor = (datetime.fromisoformat(newest) - timedelta(minutes=30)).isoformat(" ")
    late = [number for number in after.keys() - before.keys() if after[number][0] <= newest]
    assert len(late) == summary.late["shop.orders"] > 0
    assert all(floor <= after[number][0] for number in late)
    common = before.keys() & after.keys()
    assert any(before[n][2] != after[n][2] for n in common)
    assert any(before[n][1] != after[n][1] and str(n) not in wrong_before for n in common)
    gone = [n for n in common if before[n][3] is None and after[n][3] is not None]
    assert len(gone) == summary.deleted["shop.orders"] > 0
    # Whatever changed says so: a reader who goes by updated_at misses nothing.
    assert all(after[n][0] > newest for n in common if before[n] != after[n])
    assert truth.counts(own_company)["shop.orders"]["corrected"] or not wrong_before


def test_counts_of_the_truth_agree_with_the_sources_after_several_days(own_company: Path) -> None:
    for _ in range(8):
        company.advance(own_company)
    counts = truth.counts(own_company)
    for name in ("customers", "orders"):
        rows, gone = shop(own_company, f"SELECT count(*), count(deleted_at) FROM {name}")[0]
        assert (counts[f"shop.{name}"]["records"], counts[f"shop.{name}"]["deleted"]) == (rows, gone)
    for name in ("order_lines", "payments", "employees"):
        assert counts[f"shop.{name}"]["records"] == shop(own_company, f"SELECT count(*) FROM {name}")[0][0]
    for feed in ("helpdesk.users", "helpdesk.tickets", "helpdesk.comments", "mailer.activity", "mailer.campaigns"):
        assert counts[feed]["records"] == services(own_company, f"SELECT count(*) FROM {feed.split('.')[1]}")[0][0]
    assert (
        counts["helpdesk.tickets"]["deleted"]
        == services(own_company, "SELECT count(*) FROM tickets WHERE status = 'deleted'")[0][0]
    )
    parcels = {row["shipment_no"] for file in (own_company / "carrier").iterdir() for row in carrier_file(file)[1]}
    assert counts["carrier.shipments"]["records"] == len(parcels)
    forms = {form["id"] for form in registrations(own_company)}
    assert counts["website.registrations"]["records"] == len(forms)
    assert counts["frontdesk.notes"]["records"] == len({note["note_no"] for note in desk_notes(own_company)})
    assert counts["postroom.letters"]["records"] == len({letter["letter_id"] for letter in letters(own_company)})
    snapshots = sorted((own_company / "bureau").iterdir())
    assert [file.name for file in snapshots] == ["profiles_202611.parquet", "profiles_202611_2.parquet"]
    newest = set(pq.read_table(snapshots[-1])["profile_id"].to_pylist())
    assert counts["bureau.profiles"]["alive"] == len(newest)
    assert all(count["alive"] == count["records"] - count["deleted"] for count in counts.values())


def test_the_truth_names_a_person_for_every_record_that_stands_alone(own_company: Path) -> None:
    company.advance(own_company)
    named = {
        (row["source_system"], row["entity"], row["record_id"]): row["person_id"]
        for row in truth.load(own_company).to_pylist()
    }
    expected = {("shop", "accounts", str(row[0])) for row in shop(own_company, "SELECT id FROM customers")}
    expected |= {
        ("shop", "orders", str(row[0])) for row in shop(own_company, "SELECT id FROM orders WHERE customer_id IS NULL")
    }
    expected |= {("helpdesk", "accounts", str(row[0])) for row in services(own_company, "SELECT id FROM users")}
    expected |= {
        ("helpdesk", "tickets", str(row[0]))
        for row in services(own_company, "SELECT id FROM tickets WHERE requester_id IS NULL")
    }
    expected |= {("mailer", "campaign_responses", row[0]) for row in services(own_company, "SELECT id FROM activity")}
    expected |= {
        ("website", "web_registrations", form["id"])
        for form in registrations(own_company)
        if form["account_id"] is None
    }
    expected |= {
        ("frontdesk", "interactions", note["note_no"]) for note in desk_notes(own_company) if not note["customer_no"]
    }
    expected |= {
        ("postroom", "interactions", letter["letter_id"])
        for letter in letters(own_company)
        if not letter["customer_no"]
    }
    profiles = pq.read_table(own_company / "bureau" / "profiles_202611.parquet")["profile_id"].to_pylist()
    expected |= {("bureau", "demographics", number) for number in profiles}
    assert named.keys() == expected
    assert all(named.values())


def test_a_carrier_trailer_counts_its_rows_and_adds_its_freight_and_sequences_follow(own_company: Path) -> None:
    company.advance(own_company)
    files = sorted((own_company / "carrier").iterdir())
    assert [int(carrier_file(file)[0][2]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        header, rows, trailer = carrier_file(file)
        assert header[:2] == ["H", "CARRIER"]
        assert file.name == f"shipments_{header[3]}_{header[2]}.csv"
        cents = sum(round(float(row["freight"]) * 100) for row in rows if row["freight"])
        assert trailer == ["T", str(len(rows)), f"{cents // 100}.{cents % 100:02d}"]
    first, last = carrier_file(files[-2])[1], carrier_file(files[-1])[1]
    assert any(row["status"] == "DL" and row["delivered"] for row in last)
    assert {row["status"] for row in first + last} <= {"CR", "IT", "OD", "DL", "EX", "RT", "ZZ"}


def test_bad_rows_are_few_and_each_is_really_there(first_day: Path) -> None:
    counts = truth.counts(first_day)
    total = sum(count["records"] for count in counts.values())
    assert 0 < sum(len(count["bad"]) for count in counts.values()) < 0.03 * total
    reasons = {mistake["record_id"]: mistake["reason"] for mistake in counts["shop.payments"]["bad"]}
    for number, reason in reasons.items():
        amount, status = shop(first_day, "SELECT amount_cents, status FROM payments WHERE id = ?", int(number))[0]
        assert amount is None if reason == "amount missing" else status == "??"
    forms = [form["id"] for form in registrations(first_day)]
    twice = {form for form in forms if forms.count(form) == 2}
    assert twice == {m["record_id"] for m in counts["website.registrations"]["bad"] if m["reason"] == "same line twice"}


def test_an_interrupted_day_can_be_done_again_and_gives_the_same_rows(
    own_company: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(company, "save", power_cut)
        with pytest.raises(KeyboardInterrupt):
            company.advance(own_company)
    counts = truth.counts(own_company)
    company.advance(own_company)
    assert truth.counts(own_company)["shop.orders"]["records"] == shop(own_company, "SELECT count(*) FROM orders")[0][0]
    assert truth.counts(own_company)["carrier.shipments"]["records"] == counts["carrier.shipments"]["records"]
    assert len(sorted((own_company / "carrier").iterdir())) == 16


def test_connections_name_every_system(first_day: Path) -> None:
    found = company.connections(first_day, "http://127.0.0.1:9")
    assert found["C360_HELPDESK_URL"] == "http://127.0.0.1:9/helpdesk/api/v2"
    assert found["C360_MAILER_URL"] == "http://127.0.0.1:9/mailer/3.0"
    assert found["C360_SHOP_URL"] == f"sqlite:///{first_day}/shop/shop.db"
    assert all(
        Path(found[f"C360_{system}_FOLDER"]).is_dir() for system in ("CARRIER", "WEBSITE", "FRONTDESK", "BUREAU")
    )
    with pytest.raises(CompanyTrouble, match="no sample company"):
        company.connections(first_day / "nothing", "http://127.0.0.1:9")
