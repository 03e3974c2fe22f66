"""The benchmarks are scripts that import their neighbours by name; here they are found the same way."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "identity"))
