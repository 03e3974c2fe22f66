"""`kill -9` between a message and its receipt: it is sent again, and is one incident on the other side all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from pipelines.alerts.channels.file import File
from pipelines.alerts.delivery import Sender, deliver
from pipelines.alerts.notice_json import as_json
from pipelines.alerts.plan import AlertPlan
from pipelines.ledger.database import Ledger
from tests.pipelines.alerts.notice_factory import NOON, VirtualClock, a_notice, put
from tests.pipelines.alerts.outside import Reply, an_outside

SENDS = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from pipelines.alerts.channels.pagerduty import PagerDuty
from pipelines.alerts.channels.file import File
from pipelines.alerts.delivery import Sender, deliver
from pipelines.alerts.plan import AlertPlan
from pipelines.ledger.database import Ledger

home, url = Path(sys.argv[1]), sys.argv[2]
specs = [{"kind": "file", "name": "file"}, {"kind": "pagerduty", "name": "pager", "key": "KEY"}]
channels = {"file": File("file", home / "alerts.jsonl"), "pager": PagerDuty("pager", "K", url)}
with Ledger(home / "ledger.db") as ledger:
    deliver(ledger, Sender(AlertPlan(channels=specs), channels, (), {}, lambda: datetime.now(UTC)))
"""


def test_a_message_whose_receipt_was_lost_is_sent_again_as_the_same_incident(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SENDS, str(tmp_path)]
    with Ledger(tmp_path / "ledger.db") as ledger, an_outside(Reply(delay=30), Reply()) as outside:
        put(ledger, a_notice())
        process = subprocess.Popen([*command, outside.url])
        assert outside.got_one.wait(60)  # the other side has it, and its answer is not there yet
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert ledger.rows("SELECT channel FROM delivery")[0]["channel"] == "file"
        assert subprocess.run([*command, outside.url], timeout=60, check=False).returncode == 0
        receipts = ledger.rows("SELECT channel, attempt, was_taken, remote_id FROM delivery ORDER BY channel")
    first, again = outside.sent
    assert first.content == again.content
    assert [tuple(row) for row in receipts] == [("file", 1, 1, None), ("pager", 1, 1, "there")]


def test_a_file_line_whose_receipt_was_lost_is_not_written_again(tmp_path: Path) -> None:
    (tmp_path / "alerts.jsonl").write_text(as_json(a_notice()) + "\n")
    with Ledger(tmp_path / "ledger.db") as ledger:
        put(ledger, a_notice())
        plan = AlertPlan.model_validate({"channels": [{"kind": "file", "name": "file"}]})
        sender = Sender(plan, {"file": File("file", tmp_path / "alerts.jsonl")}, (), {}, VirtualClock(NOON))
        (attempt,) = deliver(ledger, sender)
    assert (attempt.was_taken, attempt.detail) == (True, "it was there already")
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 1
