"""The shop's two statuses of an order, of money and of goods, become the one that people speak of."""

import duckdb
import pytest

from connectors.catalog import load_catalog


@pytest.mark.parametrize(
    ("money", "goods", "is_cancelled", "status"),
    [
        ("pending", None, False, "placed"),
        ("paid", None, False, "paid"),
        ("paid", "partial", False, "paid"),
        ("paid", "fulfilled", False, "shipped"),
        ("voided", "fulfilled", False, "shipped"),
        ("paid", "delivered", False, "delivered"),
        ("partially_refunded", "delivered", False, "delivered"),
        ("refunded", "delivered", False, "refunded"),
        ("refunded", "restocked", False, "refunded"),
        ("voided", None, False, "cancelled"),
        ("paid", "fulfilled", True, "cancelled"),
    ],
)
def test_an_order_is_as_far_as_its_money_and_its_goods(money, goods, is_cancelled, status):
    assert status_of(money, goods, is_cancelled=is_cancelled) == status


@pytest.mark.parametrize(("money", "goods"), [("paid", "lost at sea"), ("lost at sea", "fulfilled")])
def test_a_word_that_the_contract_does_not_know_is_handed_on_so_that_somebody_is_told(money, goods):
    assert status_of(money, goods) == "lost at sea"


def status_of(money: str, goods: str | None, *, is_cancelled: bool = False) -> str:
    sql = load_catalog()["shop.orders"].columns["status"].sql
    [(status,)] = duckdb.execute(
        f"""SELECT {sql} FROM (SELECT $money AS financial_status, $goods AS fulfillment_status,
                                      if($is_cancelled, '2024-05-13', NULL) AS cancelled_at)""",
        {"money": money, "goods": goods, "is_cancelled": is_cancelled},
    ).fetchall()
    return str(status)
