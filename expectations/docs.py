"""Data Docs: one page a feed about its latest judged batch, and an index.

Belongs here: rendering Great Expectations' result as HTML that works without a network and shows no personal data.
Does not belong here: judging. Only the latest page of a feed is kept; the history of results is the ledger's.
"""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_VALUE_LISTS = (
    "unexpected_list",
    "unexpected_index_list",
    "partial_unexpected_list",
    "partial_unexpected_index_list",
    "partial_unexpected_counts",
)
# Great Expectations' template loads style sheets, scripts and images from eight hosts, and asks for a newsletter.
_FROM_ELSEWHERE = (
    re.compile(r"<script\b[^>]*\bsrc=\"https?:[^>]*>\s*</script>", re.I),
    re.compile(r"<(?:link|img)\b[^>]*\"https?:[^>]*>", re.I),
    re.compile(r"<footer\b.*?</footer>", re.I | re.S),
    re.compile(r"url\('https?:[^']*'\)", re.I),
    re.compile(r"<a\b[^>]*href=\"https?:[^>]*>.*?</a>", re.I | re.S),
)
_STYLE = """<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { border: 1px solid #ccc; padding: .35rem .6rem; text-align: left; vertical-align: top; }
.failed { color: #a40000; font-weight: 600; }
</style>"""


@dataclass(frozen=True)
class PageSummary:
    """What the index says of one feed's page."""

    feed: str
    entity: str
    batch_id: str
    judged_at: datetime
    rows: int
    stop_rules_failed: int
    tell_rules_failed: int


def write_page(folder: Path, summary: PageSummary, judged: Any, *, masked: Collection[str]) -> None:
    """Replace the feed's page and the index. Failing values of `masked` columns are not shown."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    folder.mkdir(parents=True, exist_ok=True)
    for result in judged.results:
        kwargs = result.expectation_config.kwargs
        if {kwargs.get(name) for name in ("column", "column_A", "column_B")} & set(masked):
            result.result.update({name: [] for name in _VALUE_LISTS if name in result.result})
    # The page names the run by its moment: that of the clock passed in, as everywhere.
    judged.meta["run_id"] = summary.judged_at.isoformat()
    rendered = _view().render(ValidationResultsPageRenderer(run_info_at_end=True).render(judged))
    _replace(folder / f"{summary.feed}.json", json.dumps(asdict(summary), default=datetime.isoformat, indent=1))
    _replace(folder / f"{summary.feed}.html", _self_contained(rendered))
    _replace(folder / "index.html", _index(folder))


@functools.cache
def _view() -> Any:
    """One view a process: it compiles 17 templates, which takes longer than filling them in."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _self_contained(page: str) -> str:
    for pattern in _FROM_ELSEWHERE:
        page = pattern.sub("", page)
    return page.replace("</head>", f"{_STYLE}</head>", 1)


def _index(folder: Path) -> str:
    rows = []
    for path in sorted(folder.glob("*.json")):
        facts = json.loads(path.read_text("utf-8"))
        failed = ' class="failed"' if facts["stop_rules_failed"] else ""
        cells = (facts["entity"], facts["batch_id"], facts["judged_at"], facts["rows"])
        link = f'<a href="{html.escape(path.stem)}.html">{html.escape(facts["feed"])}</a>'
        rows.append(
            f"<tr><td>{link}</td>"
            + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
            + f"<td{failed}>{facts['stop_rules_failed']}</td><td>{facts['tell_rules_failed']}</td></tr>"
        )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>{_STYLE}</head><body>'
        "<h1>Data Docs</h1><p>The latest judged batch of every feed. Rows that fail a stop rule are in quarantine.</p>"
        "<table><thead><tr><th>Feed</th><th>Entity</th><th>Batch</th><th>Judged at (UTC)</th><th>Rows judged</th>"
        "<th>Stop rules failed</th><th>Tell rules failed</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></body></html>"
    )


def _replace(path: Path, text: str) -> None:
    """Readers see the old page or the new one, never half of one."""
    incoming = path.with_name(path.name + ".incoming")
    incoming.write_text(text, "utf-8")
    incoming.replace(path)
