"""Who may write the warehouse first clears what a killed writer left, and never what a living one works with."""

from pathlib import Path

import pytest

from pipelines.ledger import leases
from pipelines.ledger.database import Ledger
from pipelines.writing import writing
from tests.pipelines.shop_desk import ShopDesk
from warehouse.connection import warehouse_work_path


def test_rows_that_a_killed_writer_had_cast_are_gone_when_the_next_one_begins(tmp_path: Path) -> None:
    deployment = ShopDesk(tmp_path).deployment
    cast = warehouse_work_path(deployment.home.root) / "shop.orders-00000001.duckdb"
    others = deployment.home.work / "passing" / "of_a_comparison" / "side_by_side.duckdb"
    for left in (cast, others):
        left.parent.mkdir(parents=True)
        left.write_bytes(b"ann.lee@mail.example")
    with Ledger(deployment.home.ledger) as ledger, writing(deployment, ledger):
        assert (cast.exists(), others.exists()) == (False, True)
        cast.parent.mkdir()
        cast.write_bytes(b"of the one who writes now")
        with pytest.raises(leases.LeaseHeld), writing(deployment, ledger):
            pass
        assert cast.exists()
