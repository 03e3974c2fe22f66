"""What an erasure must still know after the warehouse has forgotten it, in a file of the owner's until it is done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.erasure.staged import FromWarehouse
from pipelines.erasure.subject import Traces


@dataclass(frozen=True)
class Kept:
    """Written before anything goes from the warehouse: what to search for afterwards, and what there was to erase."""

    traces: Traces
    gone: FromWarehouse

    def write(self, file: Path) -> None:
        """Keep it, for the owner alone."""
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(file: Path) -> Kept:
        """What `write` kept."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        traces = kept["traces"]
        homes = tuple((name, postal_code) for name, postal_code in traces["homes"])
        return Kept(Traces(tuple(traces["emails"]), tuple(traces["phones"]), homes), FromWarehouse(**kept["gone"]))
