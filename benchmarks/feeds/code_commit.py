"""Of which code a figure is."""

from __future__ import annotations

import subprocess


def commit_of_code() -> str:
    """The commit that is tried, with a star where files differ from it; the report that a run writes is no code."""

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False)

    differs = git("diff", "--quiet", "HEAD", "--", ":/", ":(top,exclude)docs").returncode
    return (git("rev-parse", "--short", "HEAD").stdout.strip() or "unknown") + ("*" if differs else "")
