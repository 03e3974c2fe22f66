"""The matchers that are compared, ours and its peers, each as a command that reads a labelled set and writes clusters.

Peers run in environments of their own under build/benchmarks; none of them is a dependency of the product.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from labelled_sets import BUILD, HERE, LabelledSet
from measure import Figures, cost_of, figures_of

OURS = "c360"
# Our command, with Splink's weights for the same pairs and the same clustering.
WITH_SPLINK = "c360-splink"
_REQUIREMENTS = {
    "splink": ("splink==5.0.0", "pyyaml", "rapidfuzz"),
    "recordlinkage": ("recordlinkage==0.16", "duckdb", "pyarrow", "pyyaml"),
    "goldenmatch": ("goldenmatch==3.22.0", "pyyaml"),
    WITH_SPLINK: ("--constraint", "requirements.lock", "--editable", ".[splink]", "splink==5.0.0"),
}
_SCRIPTS = {
    "splink": ("splink", "with_splink.py"),
    "splink-constrained": ("splink", "with_splink.py", "--constrained"),
    "recordlinkage": ("recordlinkage", "with_recordlinkage.py"),
    "goldenmatch": ("goldenmatch", "with_goldenmatch.py"),
}
PEERS = (*_SCRIPTS, WITH_SPLINK)
_MATCHING = HERE.parents[1] / "pipelines" / "identity" / "matching"


def python_with(package: str) -> Path:
    """Python of an environment that has the peer."""
    folder = BUILD.parent / f"{package}-venv"
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *_REQUIREMENTS[package]], check=True)
        ready.touch()
    return python


def command(runner: str, labelled: LabelledSet, output: Path, threshold: float | None = None) -> list[str]:
    """The command line of a runner on a set; `threshold` in place of the one it has by itself."""
    limit = [] if threshold is None else ["--threshold", str(threshold)]
    if runner in {OURS, WITH_SPLINK}:
        # The script, for the command's package has no module to run.
        script = Path(sys.executable if runner == OURS else python_with(runner)).with_name("c360")
        backend = ["--backend", "splink"] if runner == WITH_SPLINK else []
        return [
            str(script), "resolve", str(labelled.records), "--roles", str(labelled.roles), "--output", str(output),
            *limit, *backend,
        ]  # fmt: skip
    package, script, *options = _SCRIPTS[runner]
    if labelled.duplicate_free and package == "splink":
        options.append("--duplicate-free")
    arguments = [str(labelled.records), str(labelled.roles), str(output), *options, *limit]
    return [str(python_with(package)), str(HERE / script), *arguments]


def run(runner: str, labelled: LabelledSet, threshold: float | None = None) -> Figures:
    """Run it, and say what it cost and how good it is."""
    output = BUILD / "clusters" / f"{labelled.name}.{runner}.parquet"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    log = BUILD / "logs" / f"{labelled.name}.{runner}.log"
    cost = cost_of(command(runner, labelled, output, threshold), log)
    return figures_of(labelled.name, runner, cost, labelled.truth, output)


def changed_at(peer: str, labelled: LabelledSet) -> float:
    """When the set or what runs the peer was last changed, in seconds since 1970."""
    if peer == WITH_SPLINK:
        scripts = list(_MATCHING.rglob("*.py"))
    else:
        scripts = [HERE / _SCRIPTS[peer][1], *(HERE / f"{name}.py" for name in ("prepared", "blocking", "constrained"))]
    return max(file.stat().st_mtime for file in (labelled.records, *scripts))


def is_there(runner: str) -> bool:
    """Whether the command of our own matcher exists; peers are installed when they are needed."""
    if runner != OURS:
        return True
    script = Path(sys.executable).with_name("c360")
    return subprocess.run([str(script), "resolve", "--help"], capture_output=True, check=False).returncode == 0
