"""The models of purchases and spending, fitted to the histories of each currency."""

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.potential.purchases import Histories, NoFit, fit_purchases
from warehouse.potential.spending import Spendings, fit_spending

_SCHEMA = pa.schema(
    [
        ("fit_key", pa.string()), ("currency_code", pa.string()), ("as_of_date", pa.date32()),
        ("horizon_days", pa.int64()), ("customer_count", pa.int64()), ("repeat_customer_count", pa.int64()),
        ("purchase_r", pa.float64()), ("purchase_alpha", pa.float64()), ("purchase_a", pa.float64()),
        ("purchase_b", pa.float64()), ("spend_p", pa.float64()), ("spend_q", pa.float64()), ("spend_v", pa.float64()),
        ("reason", pa.string()),
    ]
)  # fmt: skip
_GROUP = "currency_code, as_of_date, horizon_days"
_BY_HISTORY = f"""
    SELECT {_GROUP}, purchase_day_count - 1 AS repeats, last_purchase_week, age_weeks, count(*) AS customer_count
    FROM histories GROUP BY ALL ORDER BY ALL
"""
# Those counted together may differ in what they spent by one in a hundred; the fit does not notice.
_BY_SPENDING = f"""
    SELECT {_GROUP}, purchase_day_count, avg(spent_amount / purchase_day_count) AS mean, count(*) AS customer_count
    FROM histories GROUP BY {_GROUP}, purchase_day_count, round(100 * ln(spent_amount / purchase_day_count))
    ORDER BY ALL
"""


def model(dbt, _session):
    """One row per currency and day foretold from; without parameters and with the reason where there is too little."""
    histories = dbt.ref("purchase_history")
    minimum = int(dbt.config.meta_get("minimum_customers"))
    minimum_repeat = int(dbt.config.meta_get("minimum_repeat_customers"))
    by_history = histories.query("histories", _BY_HISTORY).to_arrow_table()
    by_spending = histories.query("histories", _BY_SPENDING).to_arrow_table()
    groups = by_history.group_by(_GROUP.split(", ")).aggregate([("customer_count", "sum")])
    rows = []
    for row in groups.rename_columns([*_GROUP.split(", "), "customer_count"]).to_pylist():
        own = (pc.field("currency_code") == row["currency_code"]) & (pc.field("as_of_date") == row["as_of_date"])
        histories_here, spendings_here = _columns(by_history.filter(own)), _columns(by_spending.filter(own))
        repeats, *_, customers = histories_here
        row |= {
            "fit_key": f"{row['currency_code']}|{row['as_of_date']}",
            "repeat_customer_count": int(customers[repeats > 0].sum()),
        }
        if row["customer_count"] < minimum:
            row["reason"] = f"fewer than {minimum} customers have bought in this currency"
        elif row["repeat_customer_count"] < minimum_repeat:
            row["reason"] = f"fewer than {minimum_repeat} customers have come back in this currency"
        else:
            row |= _fitted(Histories(*histories_here), Spendings(*spendings_here))
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _columns(table):
    return [column.to_numpy().astype(float) for column in table.columns[3:]]


def _fitted(histories, spendings):
    try:
        purchases, spending = fit_purchases(histories), fit_spending(spendings)
    except NoFit as problem:
        return {"reason": f"the histories of this currency fit no model: {problem}"}
    return {f"purchase_{name}": value for name, value in vars(purchases).items()} | {
        f"spend_{name}": value for name, value in vars(spending).items()
    }
