"""Any receiver of JSON. `Idempotency-Key` is the same for the same notice: by it a receiver leaves out repeats."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.alerts.channels.post import Answer, post
from pipelines.alerts.notice import Notice, Receipt
from pipelines.alerts.notice_json import as_json, message_key


@dataclass(frozen=True)
class Webhook:
    """One address. With a secret, the time and the body are signed together, so that no old message can be replayed."""

    name: str
    url: str = field(repr=False)
    clock: Callable[[], datetime]
    secret: str | None = field(default=None, repr=False)

    def send(self, notice: Notice) -> Receipt:
        """Post the notice. A success by status whose body says `ok: false` or an error is no receipt."""
        content = as_json(notice).encode()
        headers = {"Idempotency-Key": hashlib.sha256(message_key(notice).encode()).hexdigest()}
        if self.secret:
            at = str(int(self.clock().timestamp()))
            headers |= {"X-C360-Timestamp": at, "X-C360-Signature": f"sha256={signature(self.secret, at, content)}"}
        answer = post(self.url, content, headers=headers, secrets=[self.secret or ""])
        if isinstance(answer, Receipt):
            return answer
        if _says_no(answer):
            return Receipt(False, f"HTTP {answer.status}, but the body says that it failed")
        return Receipt(True, f"HTTP {answer.status}", remote_id=_name_there(answer))


def signature(secret: str, timestamp: str, content: bytes) -> str:
    """HMAC-SHA256 over '<timestamp>.<body>', in hexadecimal digits."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()


def _says_no(answer: Answer) -> bool:
    body = answer.body
    return body.get("ok") is False or body.get("success") is False or body.get("status") in ("error", "failed", "fail")


def _name_there(answer: Answer) -> str | None:
    found = answer.body.get("id")
    return str(found) if isinstance(found, str | int) else None
