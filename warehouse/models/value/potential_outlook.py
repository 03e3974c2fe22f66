"""What each purchase history foretells, under the models fitted to its currency."""

import zlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.potential.outlook import outlook
from warehouse.potential.purchases import Histories, PurchaseModel
from warehouse.potential.spending import SpendModel

_SCHEMA = pa.schema(
    [
        ("currency_code", pa.string()), ("as_of_date", pa.date32()), ("purchase_day_count", pa.int64()),
        ("last_purchase_week", pa.int64()), ("age_weeks", pa.int64()), ("customer_count", pa.int64()),
        ("alive_probability", pa.float64()), ("expected_purchase_count", pa.float64()),
        ("spend_scale", pa.float64()), ("expected_factor", pa.float64()), ("low_factor", pa.float64()),
        ("high_factor", pa.float64()),
    ]
)  # fmt: skip
_BY_HISTORY = """
    SELECT currency_code, as_of_date, purchase_day_count, last_purchase_week, age_weeks, count(*) AS customer_count
    FROM histories GROUP BY ALL ORDER BY ALL
"""


def model(dbt, _session):
    """One row per currency, day foretold from and purchase history."""
    fits = dbt.ref("potential_fit").filter("reason IS NULL").order("fit_key").to_arrow_table().to_pylist()
    histories = dbt.ref("purchase_history").query("histories", _BY_HISTORY).to_arrow_table()
    parts = [_SCHEMA.empty_table()]
    for fit in fits:
        own = (pc.field("currency_code") == fit["currency_code"]) & (pc.field("as_of_date") == fit["as_of_date"])
        here = histories.filter(own)
        number, last_at, age, customers = (column.to_numpy().astype(float) for column in here.columns[2:])
        spending = SpendModel(fit["spend_p"], fit["spend_q"], fit["spend_v"])
        told = outlook(
            PurchaseModel(fit["purchase_r"], fit["purchase_alpha"], fit["purchase_a"], fit["purchase_b"]),
            spending,
            Histories(number - 1, last_at, age, customers),
            weeks=fit["horizon_days"] / 7,
            interval=float(dbt.config.meta_get("interval")),
            draws=int(dbt.config.meta_get("draws")),
            # A stream of its own for each currency and day: none changes when another comes or goes.
            rng=np.random.default_rng([int(dbt.config.meta_get("seed")), zlib.crc32(fit["fit_key"].encode())]),
        )
        foretold = pa.table(
            {
                "alive_probability": told.alive, "expected_purchase_count": told.purchases,
                "spend_scale": np.full(len(number), spending.v), "expected_factor": told.expected_factor,
                "low_factor": told.low_factor, "high_factor": told.high_factor,
            }
        )  # fmt: skip
        parts.append(pa.table([*here.columns, *foretold.columns], schema=_SCHEMA))
    return pa.concat_tables(parts)
