"""The part of the runbook that is made from the catalogue: one heading for each failure that alerts know."""

from __future__ import annotations

from pipelines.freshness.failures import Failure, load_failures

BEGIN = "<!-- made from pipelines/freshness/failures.yml and runbook.yml; edit those -->"
END = "<!-- end of what is made -->"
FILE = "docs/runbook.md"


def runbook_link(failure: str) -> str:
    """Where the runbook tells of a failure."""
    return f"{FILE}#{load_failures()[failure].anchor}"


def render_runbook(page: str) -> str:
    """The runbook with its made part renewed; everything around the two marks stays as it is."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    headings = "\n".join(_heading(failure) for failure in load_failures().values())
    return f"{before}{BEGIN}\n\n{headings}\n{END}{after}"


def _heading(failure: Failure) -> str:
    words = failure.words("FEED", failure.part)
    readers = words["readers"]
    modes = f" ({', '.join(failure.modes)})" if failure.modes else ""
    return (
        f"### {failure.title}\n\n"
        f"`{failure.name}`{modes}. {failure.means}\n\n"
        f"- Readers see: {readers[:1].lower()}{readers[1:]}\n"
        f"- Look: `{words['look']}`\n"
        f"- Repair: {words['advice']} `{words['repair']}`\n"
    )
