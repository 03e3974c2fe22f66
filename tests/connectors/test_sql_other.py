"""Databases that need an extra driver say so before anything is asked of them."""

import sys

import pytest

from connectors.delivery import FeedTrouble
from connectors.source import open_source
from tests.connectors.source_factory import order_contract

CONTRACT = order_contract({"kind": "sql", "table": "orders"})


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "connectorx", None)
    with pytest.raises(FeedTrouble, match=r"pip install 'customer-360\[connectorx\]'") as caught:
        open_source(CONTRACT, {"SHOP": "mysql://amy:s3cr3t@host/shop"})
    assert caught.value.kind == "contract"
    assert "s3cr3t" not in str(caught.value)


def test_an_unknown_kind_of_database_is_refused():
    with pytest.raises(FeedTrouble, match="URL scheme 'mongodb', which no driver reads"):
        open_source(CONTRACT, {"SHOP": "mongodb://host/shop"})


def test_a_text_that_is_no_url_is_refused_without_repeating_it():
    with pytest.raises(FeedTrouble, match="SHOP holds no database URL") as caught:
        open_source(CONTRACT, {"SHOP": "host=db password=s3cr3t"})
    assert "s3cr3t" not in str(caught.value)
