"""A scratch folder is its user's alone, and lasts as long as the user lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipelines.scratch import scratch_folder
from pipelines.settings import Home

_WORKER = """
import sys, time
from pathlib import Path
from pipelines.scratch import scratch_folder
from pipelines.settings import Home
with scratch_folder(Home(Path(sys.argv[1]))) as folder:
    (folder / "rows").write_text("ann.lee@mail.example")
    print(folder, flush=True)
    time.sleep(300)
"""


def test_a_folder_is_gone_after_its_block_and_two_at_once_are_apart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with scratch_folder(home) as one, scratch_folder(home) as other:
        (one / "rows").write_text("1")
        assert list(other.iterdir()) == []
    assert list(one.parent.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_folder_and_a_living_ones_stays(tmp_path: Path) -> None:
    workers = [_worker(tmp_path) for _ in range(2)]
    (killed, left), (living, kept) = workers
    try:
        killed.kill()
        killed.wait()
        assert (left / "rows").exists()
        with scratch_folder(Home(tmp_path)):
            assert not left.exists()
            assert (kept / "rows").read_text() == "ann.lee@mail.example"
    finally:
        living.kill()
        living.wait()


def _worker(root: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", _WORKER, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())
