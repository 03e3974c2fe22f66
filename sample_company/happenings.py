"""What happens between two moments: people open accounts, order, write, register, call; parcels move, campaigns go
out.

The first day and every later day are the same happening over a longer or shorter time; events decided earlier arrive
when their time comes.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company import contacts, helpdesk, mailer, orders, postroom, services, stories
from sample_company.accounts import STORY_PEOPLE, agents, anyone, employees, open_accounts, when
from sample_company.columns import NEVER, Ints, Mask, glue, ints, seconds, stacked
from sample_company.delivery import (
    Delivery,
    deliver_forms,
    deliver_letters,
    deliver_notes,
    deliver_parcels,
    deliver_profiles,
    standing_alone,
)
from sample_company.noise import Habits, observe

_GUEST_SHARE = 0.15
_GUEST_HABITS = Habits(latin=0.6, missing_email=0.01, missing_phone=0.4, missing_birth=1.0, typo=0.04)
_PROFILED_SHARE = 0.5


@dataclass(frozen=True)
class Volumes:
    """How much happens, per customer of the company; at least `floor` of each but letters, which are few."""

    orders: float
    tickets: float
    forms: float
    notes: float
    letters: float = 0.0005
    floor: int = 3

    def of(self, name: str, customers: int, rng: np.random.Generator) -> int:
        """How many of one kind."""
        return max(self.floor, int(rng.poisson(getattr(self, name) * customers)))


FIRST_DAY_VOLUMES = Volumes(orders=3.0, tickets=0.45, forms=0.35, notes=0.3, letters=0.15)
# What the last days of the history bring in a day, so that a later day looks like those before it.
DAILY_VOLUMES = Volumes(orders=0.015, tickets=0.0022, forms=0.0017, notes=0.0015)


def buyers(delivery: Delivery, rng: np.random.Generator, customers: pa.Table, moments: Ints) -> pa.Table:
    """Who places each order: mostly accounts opened before the moment, sometimes guests who are known elsewhere."""
    size = len(moments)
    opened = np.sort(seconds(customers["created_at"]))
    order = np.argsort(seconds(customers["created_at"]), kind="stable")
    choice = np.searchsorted(opened, moments, side="right")
    guest = (rng.random(size) < _GUEST_SHARE) | (choice == 0)
    account = customers.take(
        pa.array(order[(rng.random(size) * np.maximum(choice, 1)).astype(np.int64)])
    ).combine_chunks()
    person = np.where(guest, anyone(delivery.company, rng, delivery.everyone, size), ints(account["person"]))
    seen = observe(delivery.everyone, person, rng, _GUEST_HABITS)
    name = pc.coalesce(seen["full_name"], seen["organisation_name"]).combine_chunks()
    own_name = pc.coalesce(
        glue(*(account[n].combine_chunks() for n in ("first_name", "last_name")), separator=" "),
        account["company"],
        name,
    )
    columns = {"person": pa.array(person), "customer_id": pa.array(ints(account["id"]), mask=guest)}
    pairs = {
        "email": "email",
        "phone": "phone",
        "street": "address1",
        "city": "city",
        "zip": "zip",
        "country": "country_code",
    }
    seen = seen.append_column("zip", seen["postal_code"])
    for field, of_account in pairs.items():
        columns[field] = pc.if_else(pa.array(guest), seen[field].combine_chunks(), account[of_account].combine_chunks())
    columns["name"] = pc.if_else(pa.array(guest), name, own_name)
    return pa.table(columns)


def happen(delivery: Delivery, newcomers: Ints, begin: int, end: int, volumes: Volumes) -> None:
    """Everything between begin (exclusive) and end (inclusive), in seconds. `newcomers` are row numbers of people."""
    company, everyone, first_day = delivery.company, delivery.everyone, delivery.company.day == 0
    story = stories.rows(company.start, company.customers) if first_day else {}
    arrived = open_accounts(company, delivery.rng("accounts"), everyone, newcomers, begin, end)
    customers = stories.added(arrived.customers, story.get("shop.customers", []))
    users = stories.added(arrived.users, story.get("helpdesk.users", []))
    delivery.to_shop("customers", customers, ("id",), ordinary(delivery, customers))
    delivery.to_services("helpdesk.users", helpdesk.users_as_rows(users), ordinary(delivery, users))
    delivery.truth.belongs("shop", "accounts", customers["id"], ints(customers["person"]), everyone)
    delivery.truth.belongs("helpdesk", "accounts", users["id"], ints(users["person"]), everyone)
    if first_day:
        staff = employees(company)
        delivery.shop.put("employees", staff)
        delivery.wrote("shop.employees", staff.num_rows, new=staff.num_rows)
        delivery.truth.feed("shop.customers")["deleted"] = int((seconds(customers["deleted_at"]) < NEVER).sum())
        delivery.to_services(
            "helpdesk.users", helpdesk.users_as_rows(agents(company)), np.zeros(staff.num_rows, dtype=np.bool_)
        )
        delivery.truth.staff()
    else:
        customers, users = (
            stacked([delivery.remembered("customers"), customers]),
            stacked([delivery.remembered("users"), users]),
        )
    delivery.remember("customers", customers)
    delivery.remember("users", users)

    rng = delivery.rng("orders")
    # Deleted accounts order no more.
    living = (
        customers.filter(pa.array(ordinary(delivery, customers)))
        .filter(pc.field("deleted_at").is_null())
        .combine_chunks()
    )
    moments = when(rng, begin, end, volumes.of("orders", company.customers, rng))
    trade(delivery, orders.place(company, rng, buyers(delivery, rng, living, moments), moments), end, story)
    order_numbers = pa.array([str(company.next_id["orders"] - 1 - back) for back in range(min(500, len(moments)))])

    rng = delivery.rng("tickets")
    moments = when(rng, begin, end, volumes.of("tickets", company.customers, rng))
    asking = users.filter(pa.array(ordinary(delivery, users))).combine_chunks()
    serve(delivery, helpdesk.open_tickets(company, rng, everyone, asking, order_numbers, moments), end, story)
    campaign(delivery, begin, end)

    rng = delivery.rng("forms")
    moments = when(rng, begin, end, volumes.of("forms", company.customers, rng))
    forms = contacts.forms(company, rng, everyone, living, moments)
    rng = delivery.rng("notes")
    moments = when(rng, begin, end, volumes.of("notes", company.customers, rng))
    notes = contacts.notes(company, rng, everyone, living, moments)
    notes = stories.added(notes, story.get("frontdesk.notes", []))
    if not first_day:
        forms, notes = stacked([delivery.remembered("forms"), forms]), stacked([delivery.remembered("notes"), notes])
    deliver_forms(delivery, forms, end)
    deliver_notes(delivery, notes, end)
    delivery.remember("forms", forms.filter(pa.array(ints(forms["filed"]) > end)))
    delivery.remember("notes", notes.filter(pa.array(ints(notes["recorded_s"]) > end)))
    correspond(delivery, living, begin, end, volumes, story)
    if first_day:
        rng = delivery.rng("profiles")
        who = newcomers[rng.random(len(newcomers)) < _PROFILED_SHARE]
        profiles = contacts.profiles(company, rng, everyone, who, np.datetime64(company.today))
        delivery.truth.feed("bureau.profiles")["records"] = profiles.num_rows
        deliver_profiles(delivery, profiles)


def correspond(
    delivery: Delivery,
    living: pa.Table,
    begin: int,
    end: int,
    volumes: Volumes,
    story: dict[str, list[dict[str, object]]],
) -> None:
    """Letters that come by post; those that are not scanned by the end are kept."""
    company, rng = delivery.company, delivery.rng("letters")
    moments = when(rng, begin, end, int(rng.poisson(volumes.letters * company.customers)))
    letters = postroom.letters(company, rng, delivery.everyone, living, moments)
    letters = stories.added(letters, story.get("postroom.letters", []))
    if company.day:
        letters = stacked([delivery.remembered("letters"), letters])
    deliver_letters(delivery, letters, end)
    delivery.remember("letters", letters.filter(pa.array(ints(letters["recorded_s"]) > end)))


def ordinary(delivery: Delivery, rows: pa.Table) -> Mask:
    """Rows that belong to neither story."""
    person = ints(rows["person"])
    return (person < delivery.company.customers) | (person >= delivery.company.customers + STORY_PEOPLE)


def trade(delivery: Delivery, sales: orders.Sales, end: int, story: dict[str, list[dict[str, object]]]) -> None:
    """New sales reach the shop as they stand at the end; parcels and whatever is still to come are kept."""
    shown = orders.orders_as_of(sales.orders, end)
    done = ~np.isin(ints(shown["id"]), ints(orders.unfinished(sales.orders, orders.ORDER_EVENTS, end)["id"]))
    delivery.truth.belongs("shop", "orders", *standing_alone(shown, "customer_id"), delivery.everyone)
    delivery.to_shop("orders", shown, ("id",), done)
    delivery.to_shop("order_lines", sales.lines, ("order_id", "line_no"))
    paid = orders.payments_as_of(sales.payments, end)
    settled = ~np.isin(ints(paid["id"]), ints(orders.unfinished(sales.payments, orders.PAYMENT_EVENTS, end)["id"]))
    delivery.to_shop("payments", paid, ("id",), settled)
    for name, like in (("orders", shown), ("order_lines", sales.lines), ("payments", paid)):
        told = stories.added(like.slice(0, 0), story.get(f"shop.{name}", []))
        delivery.shop.put(name, told)
        delivery.wrote(f"shop.{name}", told.num_rows, new=told.num_rows)
    parcels = sales.parcels
    pending = {"orders": sales.orders, "payments": sales.payments}
    if delivery.company.day:
        parcels = stacked([delivery.remembered("parcels"), parcels])
        pending = {name: stacked([delivery.remembered(name), table]) for name, table in pending.items()}
    deliver_parcels(delivery, parcels, end)
    delivery.remember("orders", orders.unfinished(pending["orders"], orders.ORDER_EVENTS, end))
    delivery.remember("payments", orders.unfinished(pending["payments"], orders.PAYMENT_EVENTS, end))
    delivery.remember("parcels", orders.unfinished(parcels, orders.PARCEL_EVENTS, end))


def serve(
    delivery: Delivery, talk: helpdesk.Conversations, end: int, story: dict[str, list[dict[str, object]]]
) -> None:
    """New tickets and comments as they stand at the end; what is still to be said is kept."""
    shown, said = helpdesk.tickets_as_of(talk.tickets, talk.comments, end), helpdesk.comments_as_of(talk.comments, end)
    open_ids = ints(orders.unfinished(talk.tickets, helpdesk.TICKET_EVENTS, end)["id"])
    open_ids = np.union1d(open_ids, ints(orders.unfinished(talk.comments, ("created",), end)["ticket_id"]))
    delivery.truth.belongs("helpdesk", "tickets", *standing_alone(shown, "requester_id"), delivery.everyone)
    delivery.truth.feed("helpdesk.tickets")["deleted"] += int(pc.sum(pc.equal(shown["status"], "deleted")).as_py() or 0)
    delivery.to_services("helpdesk.tickets", shown, ~np.isin(ints(shown["id"]), open_ids))
    delivery.to_services("helpdesk.comments", said)
    for name, like in (("tickets", shown), ("comments", said)):
        told = stories.added(like.slice(0, 0), story.get(f"helpdesk.{name}", []))
        delivery.to_services(f"helpdesk.{name}", told, np.zeros(told.num_rows, dtype=np.bool_))
    tickets = talk.tickets.filter(pa.array(np.isin(ints(talk.tickets["id"]), open_ids)))
    comments = talk.comments.filter(pa.array(np.isin(ints(talk.comments["ticket_id"]), open_ids)))
    if delivery.company.day:
        tickets, comments = (
            stacked([delivery.remembered("tickets"), tickets]),
            stacked([delivery.remembered("comments"), comments]),
        )
    delivery.remember("tickets", tickets)
    delivery.remember("comments", comments)


def campaign(delivery: Delivery, begin: int, end: int) -> None:
    """Campaigns that go out, and the answers that arrive, also to earlier campaigns."""
    due = mailer.campaigns(begin, end)
    activity = mailer.send(delivery.company, delivery.rng("campaigns"), delivery.everyone, due)
    listed = mailer.campaign_rows(due, activity)
    services.put(delivery.services, "campaigns", listed)
    delivery.wrote("mailer.campaigns", listed.num_rows, new=listed.num_rows)
    if delivery.company.day:
        activity = stacked([delivery.remembered("activity"), activity])
    shown = mailer.activity_as_of(activity, end)
    delivery.to_services("mailer.activity", shown)
    delivery.truth.belongs("mailer", "campaign_responses", shown["id"], ints(shown["person"]), delivery.everyone)
    delivery.remember("activity", activity.filter(pa.array(ints(activity["moment"]) > end)))
