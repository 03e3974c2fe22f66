"""Chat, mail and push by apprise: one text a notice, for people to read.

Apprise has no names for messages on the other side: of a notice that is sent twice, two texts are there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from pipelines.alerts.channels.wording import body, subject
from pipelines.alerts.notice import Notice, Receipt

KINDS = {"info": "info", "warning": "warning", "error": "failure", "critical": "failure"}


@dataclass(frozen=True)
class Apprise:
    """Whatever one apprise URL names (https://github.com/caronc/apprise/wiki)."""

    name: str
    url: str = field(repr=False)

    def send(self, notice: Notice) -> Receipt:
        """Send the notice as a text. Apprise says whether it was taken, and little more."""
        # Its two hundred services take half a second to import; its log repeats addresses, which are secrets.
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        service = apprise.Apprise()
        if not service.add(self.url):
            return Receipt(False, "apprise does not know such a URL. Correct the variable that holds it")
        kind = "success" if notice.event == "resolve" else KINDS[notice.severity]
        if not service.notify(title=subject(notice), body=body(notice), notify_type=apprise.NotifyType(kind)):
            return Receipt(False, "the service behind apprise did not take it")
        return Receipt(True, "taken by the service behind apprise")
