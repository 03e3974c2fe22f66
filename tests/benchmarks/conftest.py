"""The benchmarks are scripts that import their neighbours by name; here they are found the same way."""

import sys
from pathlib import Path

sys.path += [
    str(Path(__file__).parents[2] / "benchmarks" / name) for name in ("identity", "feeds", "warehouse", "erasure")
]
