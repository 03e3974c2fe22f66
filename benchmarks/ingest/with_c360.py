"""Our own pipeline on the benchmark's table. Usage: with_c360.py land|sync URL FOLDER."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from orders import CONTRACT

from connectors.catalog import load_catalog
from pipelines.deployment import Deployment
from pipelines.ingest import sync_feed
from pipelines.land import land_feed
from pipelines.settings import Home, silence_telemetry


def main(what: str, url: str, folder: Path) -> None:
    silence_telemetry()
    contract_file = folder / "feeds" / "bench" / "orders.yml"
    contract_file.parent.mkdir(parents=True, exist_ok=True)
    contract_file.write_text(CONTRACT, encoding="utf-8")
    deployment = Deployment(
        Home(folder), load_catalog([folder / "feeds"]), {"BENCH_URL": url}, lambda: datetime.now(UTC), time.sleep
    )
    contract = deployment.catalog["bench.orders"]
    if what == "land":
        landing = land_feed(deployment, contract)
        if landing.trouble is not None:
            sys.exit(str(landing.trouble))
        return
    outcome = sync_feed(deployment, contract)
    if outcome.troubles:
        sys.exit("; ".join(outcome.troubles))
    print(outcome.tally, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    # DuckDB's binding reports its left-over references while the interpreter goes down.
    os._exit(0)
