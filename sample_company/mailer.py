"""Campaigns and what happened to each message. A small campaign every other day; answers trickle in for days after."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import DAY, HOUR, NEVER, blank, chance, digits, draw, glue, ints, pick, stacked, times
from sample_company.goods import CAMPAIGNS, MAIL_PROGRAMS
from sample_company.noise import Habits, observe
from sample_company.state import Company

_EPOCH = date(2020, 1, 6)  # campaign n goes out n × 2 days later at nine
_EVERY_DAYS = 2
_LISTED_SHARE, _ADDRESSED_SHARE, _MACHINE_SHARE = 0.55, 0.045, 0.12
_HABITS = Habits(latin=0.9, missing_email=0.0, placeholder=0.004, missing_birth=1.0, missing_phone=1.0)


def campaigns(begin: int, end: int) -> pa.Table:
    """Campaigns sent after begin and up to end (seconds): number, id, title, subject line, moment."""
    first = int(datetime(_EPOCH.year, _EPOCH.month, _EPOCH.day, 9, tzinfo=UTC).timestamp())
    every = _EVERY_DAYS * DAY
    number = np.arange((begin - first) // every, (end - first) // every + 1, dtype=np.int64)
    sent = number * every + first
    due = (sent > begin) & (sent <= end)
    number, sent = number[due], sent[due]
    title = glue(pick(CAMPAIGNS, number % len(CAMPAIGNS)), digits(number), separator=" no. ")
    return pa.table(
        {
            "number": number,
            "id": glue(pa.scalar("cmp"), digits(number, 5)),
            "title": title,
            "subject_line": glue(title, pa.scalar("for you"), separator=" "),
            "sent": sent,
            "send_time": times(sent),
        }
    )


def send(company: Company, rng: np.random.Generator, people: pa.Table, due: pa.Table) -> pa.Table:
    """What happens to every message of the campaigns that are due, also after the clock: one row per action."""
    # Who is on the list does not change from campaign to campaign; who is written to does.
    listed = np.flatnonzero(chance(company.seed, 0, "mailing list").random(people.num_rows) < _LISTED_SHARE)
    chosen = [listed[rng.random(len(listed)) < _ADDRESSED_SHARE] for _ in range(due.num_rows)]
    campaign = np.repeat(np.arange(due.num_rows), [len(rows) for rows in chosen])
    who = np.concatenate([np.zeros(0, np.int64), *chosen])
    seen = observe(people, who, rng, _HABITS)
    size = len(who)
    delivery = ints(due["sent"])[campaign] + rng.integers(0, 1800, size)
    bounced = rng.random(size) < 0.015
    opened = np.where(
        ~bounced & (rng.random(size) < 0.38), delivery + rng.exponential(20 * HOUR, size).astype(np.int64) + 60, NEVER
    )
    machine = ~bounced & (rng.random(size) < _MACHINE_SHARE)
    clicked = np.where((opened < NEVER) & (rng.random(size) < 0.22), opened + rng.integers(5, 900, size), NEVER)
    left = np.where((opened < NEVER) & (rng.random(size) < 0.015), opened + rng.integers(20, 600, size), NEVER)
    steps = (
        ("sent", np.full(size, True), delivery, False),
        ("bounce", bounced, delivery + 30, False),
        ("open", machine, delivery + rng.integers(1, 9, size), True),
        ("open", opened < NEVER, opened, False),
        ("click", clicked < NEVER, clicked, False),
        ("unsub", left < NEVER, left, False),
    )
    tables = []
    for code, (action, mask, moment, by_machine) in enumerate(steps):
        rows = np.flatnonzero(mask)
        own, of = seen.take(pa.array(rows)).combine_chunks(), due.take(pa.array(campaign[rows])).combine_chunks()
        silent = np.full(len(rows), action in ("sent", "bounce"))
        tables.append(
            pa.table(
                {
                    "id": glue(
                        of["id"].combine_chunks(), digits(np.full(len(rows), code)), digits(who[rows], 7), separator="-"
                    ),
                    "campaign_id": of["id"],
                    "campaign_title": of["title"],
                    "email_address": own["email"],
                    "member_name": pc.coalesce(own["full_name"], own["organisation_name"]),
                    "action": pa.repeat(action, len(rows)),
                    "is_machine": pa.repeat(by_machine, len(rows)),
                    "ip": blank(
                        silent, draw(rng, ("192.0.2.10", "198.51.100.7", "203.0.113.44"), (1, 1, 1), len(rows))
                    ),
                    # Only a person's own program tells what it is when it loads the message.
                    "client": blank(
                        np.full(len(rows), action not in ("open", "click") or by_machine),
                        pick(MAIL_PROGRAMS, who[rows] % len(MAIL_PROGRAMS)),
                    ),
                    "person": who[rows],
                    "moment": moment[rows],
                }
            )
        )
    return stacked(tables)


def activity_as_of(activity: pa.Table, clock: int) -> pa.Table:
    """The actions up to the clock."""
    own = activity.filter(pa.array(ints(activity["moment"]) <= clock)).combine_chunks()
    return own.append_column("timestamp", times(ints(own["moment"])))


def campaign_rows(due: pa.Table, activity: pa.Table) -> pa.Table:
    """Campaigns as the mailer lists them, with the number of messages sent."""
    sent = (
        activity.filter(pc.equal(activity["action"], "sent"))
        .group_by("campaign_id")
        .aggregate([("campaign_id", "count")])
    )
    at = pc.index_in(due["id"], sent["campaign_id"].combine_chunks())
    counts = sent["campaign_id_count"].combine_chunks().take(at.combine_chunks())
    return due.append_column("emails_sent", pc.fill_null(counts, 0))
