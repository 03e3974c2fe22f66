"""Tickets and comments. Each ticket knows its whole conversation when it is opened; `as_of` shows it at a time."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.accounts import EMPLOYEE_IDS, FIRST_AGENT, SERVICE_AGENTS, anyone
from sample_company.columns import DAY, HOUR, NEVER, Ints, blank, draw, ints, pick, stacked, times, weighted, where
from sample_company.goods import AGENT_REPLIES, CUSTOMER_ANSWERS, INTERNAL_NOTES, TICKETS
from sample_company.noise import Habits, observe
from sample_company.state import Company

FIRST_TICKET, FIRST_COMMENT = 1001, 500_001
_NO_ACCOUNT_SHARE = 0.08
_MAIL_HABITS = Habits(latin=0.8, missing_email=0.0, missing_phone=0.7, placeholder=0.0, missing_birth=1.0)
_CHANNELS, _CHANNEL_SHARES = ("email", "web", "phone", "chat", "post"), (0.5, 0.25, 0.14, 0.08, 0.03)
_CLOSED_AFTER = 4 * DAY
_NIGHTLY_RUN = 3 * HOUR  # solved tickets are closed by one nightly run, so many share the same second


@dataclass(frozen=True)
class Conversations:
    """Tickets and their comments. Times ahead of the clock are decided but not yet visible."""

    tickets: pa.Table
    comments: pa.Table


def open_tickets(
    company: Company,
    rng: np.random.Generator,
    people: pa.Table,
    users: pa.Table,
    order_numbers: pa.Array,
    created: Ints,
) -> Conversations:
    """One ticket per moment, by users or by people without an account; some name one of the orders."""
    size = len(created)
    ticket = company.take_ids("tickets", size, FIRST_TICKET) + np.arange(size)
    user = rng.integers(0, users.num_rows, size)
    guest = rng.random(size) < _NO_ACCOUNT_SHARE
    person = np.where(guest, anyone(company, rng, people, size), ints(users["person"])[user])
    seen = observe(people, person, rng, _MAIL_HABITS)
    requester = pa.array(ints(users["id"])[user], mask=guest)
    kind = weighted(rng, (0.16, 0.1, 0.12, 0.12, 0.1, 0.1, 0.1, 0.07, 0.08, 0.05), size)
    agent = np.array(SERVICE_AGENTS)[rng.integers(0, len(SERVICE_AGENTS), size)]
    first_reply = created + rng.integers(600, 30 * HOUR, size)
    first_reply = np.where(rng.random(size) < 0.02, NEVER, first_reply)
    solved = np.where(
        first_reply < NEVER, first_reply + (HOUR + rng.exponential(3 * DAY, size)).astype(np.int64), NEVER
    )
    solved = np.where(rng.random(size) < 0.04, NEVER, solved)
    closed = np.where(solved < NEVER, ((solved + _CLOSED_AFTER) // DAY + 1) * DAY + _NIGHTLY_RUN, NEVER)
    deleted = np.where(rng.random(size) < 0.01, created + rng.integers(2 * HOUR, 3 * DAY, size), NEVER)
    tags = pick([f"{topic},imported" if n % 4 == 0 else topic for n, (topic, _, _) in enumerate(TICKETS)], kind)
    about_order = (kind < 5) & (rng.random(size) < 0.7) & (len(order_numbers) > 0)
    order = (
        pick(order_numbers, rng.integers(0, max(len(order_numbers), 1), size))
        if len(order_numbers)
        else pa.nulls(size, pa.string())
    )
    tickets = pa.table(
        {
            "id": ticket,
            "requester_id": requester,
            "requester_name": blank(~guest, seen["full_name"].combine_chunks()),
            "requester_email": blank(~guest, seen["email"].combine_chunks()),
            "requester_phone": blank(~guest, seen["phone"].combine_chunks()),
            "assignee_id": agent + FIRST_AGENT,
            "assignee_external_id": pick(EMPLOYEE_IDS, agent),
            "priority": draw(rng, ("low", "normal", "high", "urgent", None), (0.2, 0.5, 0.17, 0.05, 0.08), size),
            "type": draw(rng, ("question", "problem", "incident", "task"), (0.5, 0.3, 0.15, 0.05), size),
            "subject": pick([subject for _, subject, _ in TICKETS], kind),
            "description": pick([text for _, _, text in TICKETS], kind),
            "channel": where(guest, pa.scalar("email"), draw(rng, _CHANNELS, _CHANNEL_SHARES, size)),
            "tags": tags,
            "topic": pick([topic for topic, _, _ in TICKETS], kind),
            "order_no": blank(~about_order, order),
            "rating": draw(rng, ("unoffered", "offered", "good", "bad"), (0.3, 0.35, 0.25, 0.1), size),
            "person": person,
            "created": created,
            "first_reply": first_reply,
            "solved": solved,
            "closed": closed,
            "deleted": deleted,
        }
    )
    return Conversations(tickets, _comments(company, rng, tickets))


def _comments(company: Company, rng: np.random.Generator, tickets: pa.Table) -> pa.Table:
    """The first message, the first reply, up to two exchanges before the solution, an internal note on every fifth."""
    size = tickets.num_rows
    created, reply, solved = (ints(tickets[name]) for name in ("created", "first_reply", "solved"))
    later = np.where(solved < NEVER, solved, reply + 20 * DAY)
    between = [
        np.where(reply < NEVER, reply + ((later - reply) * share).astype(np.int64), NEVER) for share in (0.3, 0.6)
    ]
    everyone = np.ones(size, dtype=np.bool_)
    # rows, moment, written by an agent, visible to the customer, texts
    parts = (
        (everyone, created, False, True, None),
        (reply < NEVER, reply, True, True, AGENT_REPLIES),
        ((reply < NEVER) & (rng.random(size) < 0.2), reply + 60, True, False, INTERNAL_NOTES),
        ((reply < NEVER) & (rng.random(size) < 0.5), between[0], False, True, CUSTOMER_ANSWERS),
        ((reply < NEVER) & (rng.random(size) < 0.35), between[1], True, True, AGENT_REPLIES),
    )
    tables = []
    for mask, moment, by_agent, public, texts in parts:
        rows = np.flatnonzero(mask)
        own = tickets.take(pa.array(rows)).combine_chunks()
        tables.append(
            pa.table(
                {
                    "ticket_id": own["id"],
                    "author_id": own["assignee_id" if by_agent else "requester_id"].cast(pa.int64()),
                    "author_external_id": own["assignee_external_id"] if by_agent else pa.nulls(len(rows), pa.string()),
                    "requester_id": own["requester_id"],
                    "author_role": pa.repeat("agent" if by_agent else "end-user", len(rows)),
                    "public": pa.repeat(public, len(rows)),
                    "body": own["description"]
                    if texts is None
                    else pick(texts, rng.integers(0, len(texts), len(rows))),
                    "channel": own["channel"],
                    "created": moment[rows],
                }
            )
        )
    comments = stacked(tables)
    order = np.lexsort((ints(comments["ticket_id"]), ints(comments["created"])))
    comments = comments.take(pa.array(order)).combine_chunks()
    first = company.take_ids("comments", comments.num_rows, FIRST_COMMENT)
    return comments.add_column(0, "id", pa.array(np.arange(comments.num_rows) + first))


def comments_as_of(comments: pa.Table, clock: int) -> pa.Table:
    """The comments written up to the clock."""
    own = comments.filter(pa.array(ints(comments["created"]) <= clock)).combine_chunks()
    return own.append_column("created_at", times(ints(own["created"]))).append_column(
        "generated_timestamp", own["created"]
    )


def tickets_as_of(tickets: pa.Table, comments: pa.Table, clock: int) -> pa.Table:
    """The tickets as the helpdesk shows them at the clock; deleted ones stay with status `deleted`."""
    own = tickets.filter(pa.array(ints(tickets["created"]) <= clock)).combine_chunks()
    happened = {
        name: np.where(ints(own[name]) <= clock, ints(own[name]), NEVER)
        for name in ("first_reply", "solved", "closed", "deleted")
    }
    status = where(happened["first_reply"] < NEVER, pa.scalar("open"), pa.scalar("new"))
    waiting = (happened["first_reply"] < NEVER) & (ints(own["id"]) % 3 == 0)
    status = where(waiting, pa.scalar("pending"), status)
    for name, word in (("solved", "solved"), ("closed", "closed"), ("deleted", "deleted")):
        status = where(happened[name] < NEVER, pa.scalar(word), status)
    changed = np.maximum.reduce(
        [ints(own["created"]), *(np.where(moment < NEVER, moment, 0) for moment in happened.values())]
    )
    said = comments_as_of(comments, clock).group_by("ticket_id").aggregate([("created", "max")])
    at = pc.index_in(own["id"], said["ticket_id"].combine_chunks())
    last_said = pc.fill_null(said["created_max"].combine_chunks().take(at.combine_chunks()), 0)
    changed = np.maximum(changed, ints(last_said))
    rated = where(happened["solved"] < NEVER, own["rating"].combine_chunks(), pa.scalar("unoffered"))
    return (
        own.append_column("status", status)
        .append_column("score", rated)
        .append_column("created_at", times(ints(own["created"])))
        .append_column("updated_at", times(changed))
        .append_column("first_reply_at", times(happened["first_reply"]))
        .append_column("solved_at", times(happened["solved"]))
        .append_column("generated_timestamp", pa.array(changed))
    )


def users_as_rows(users: pa.Table) -> pa.Table:
    """Users as the helpdesk keeps them."""
    return users.append_column("generated_timestamp", users["updated_at"].cast(pa.int64()))


TICKET_EVENTS = ("created", "first_reply", "solved", "closed", "deleted")
