"""Runs a command and writes what it took: usage.py REPORT COMMAND ... The report is JSON.

A small process of its own. Linux begins a child's peak memory with its parent's, so that a benchmark that has just
scored a million records would be measured in place of the matcher that it starts.
"""

import json
import os
import subprocess
import sys
import time


def main(report: str, command: list[str]) -> int:
    start = time.perf_counter()
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    taken = {
        "wall_seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123  pathlib would make this process larger
        json.dump(taken, file)
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
