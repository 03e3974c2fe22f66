"""What helpdesk and mailer tell apart from their exports: search as Zendesk has it, reports as Mailchimp has them."""

from collections.abc import Callable
from typing import Any

Rows = Callable[[str, tuple[Any, ...]], list[dict[str, Any]]]
# What can be searched for, as the query writes it, and where it is kept.
SEARCHED = {"type:ticket": "tickets", "type:user": "users"}
_FOUND = {"tickets": "status <> 'deleted'", "users": "true"}


def search(rows: Rows, query: str, size: int) -> dict[str, Any]:
    """Tickets or users, those changed last before others, and how many there are. Deleted tickets are not found.

    `query` is one of SEARCHED.
    """
    table = SEARCHED[query]
    results = rows(
        f'SELECT id, created_at, updated_at FROM "{table}" WHERE {_FOUND[table]} ORDER BY updated_at DESC, id LIMIT ?',
        (size,),
    )
    count = rows(f'SELECT count(*) AS n FROM "{table}" WHERE {_FOUND[table]}', ())[0]["n"]
    kind = query.removeprefix("type:")
    return {
        "results": [row | {"result_type": kind} for row in results],
        "count": count,
        "next_page": None,
        "previous_page": None,
    }


def reports(rows: Rows, offset: int, count: int) -> dict[str, Any]:
    """Campaigns with what came of them, that with the newest action first."""
    found = rows(
        "SELECT campaign_id AS id, campaign_title, count(*) FILTER (WHERE action = 'sent') AS emails_sent, "
        "max(timestamp) AS last_activity FROM activity GROUP BY 1, 2 ORDER BY last_activity DESC, id LIMIT ? OFFSET ?",
        (count, offset),
    )
    total = rows("SELECT count(DISTINCT campaign_id) AS n FROM activity", ())[0]["n"]
    return {"reports": found, "total_items": total}
