"""Open the source that a contract describes. The only door to the readers of SQL, REST and files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble, SourceReader
from connectors.files import open_files
from connectors.meter import Meter
from connectors.rest import open_rest
from connectors.source_spec import RestSource, SqlSource
from connectors.sql import open_sql


def open_source(
    contract: FeedContract,
    environment: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
    meter: Meter | None = None,
) -> SourceReader:
    """The reader of the contract's source. Connects when first asked for something.

    `environment` holds connections and secrets under the names that the contract gives; `sleep` pauses between tries;
    `meter` counts what the source is asked.

    Raises:
        FeedTrouble: kind 'contract', when a variable is missing or empty, a URL is malformed, or a driver is missing.
    """
    source = contract.source
    if missing := variables_missing(contract, environment):
        raise FeedTrouble(
            contract.feed,
            f"environment variable {', '.join(missing)} is not set",
            f"Set {missing[0]} (connections are listed in .env in C360_HOME), then run the sync again.",
            kind="contract",
        )
    connection, meter = environment[source.connection].strip(), meter or Meter()
    if isinstance(source, SqlSource):
        return open_sql(contract, source, connection, sleep=sleep, meter=meter)
    if isinstance(source, RestSource):
        return open_rest(contract, source, connection, environment, sleep=sleep, meter=meter)
    return open_files(contract, source, connection, meter=meter)


def variables_missing(contract: FeedContract, environment: Mapping[str, str]) -> list[str]:
    """Variables that the contract's source needs and that are not set, or empty."""
    source = contract.source
    names: list[str | None] = [source.connection]
    if isinstance(source, RestSource):
        names += [source.auth.user, source.auth.token]
    return [name for name in names if name is not None and not environment.get(name, "").strip()]
