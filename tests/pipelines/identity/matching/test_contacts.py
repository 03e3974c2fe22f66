from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.identity.matching import comparable, contacts

MAILBOXES = st.sampled_from(["J.Doe", "none", "a+b", "info", ".", "ann lee", "é", "x@y", ""]) | st.text(max_size=4)
DOMAINS = st.sampled_from(["gmail.com", "GoogleMail.com", "none.com", "Firm.example", "é.example", ""])
ADDRESSES = st.tuples(MAILBOXES, st.sampled_from(["@", "@@", ""]), DOMAINS).map("".join)
NUMBERS = st.text(alphabet="0123456789 ()+-/.", max_size=16) | st.text(alphabet="05 x٣\n", max_size=12)


@given(st.lists(ADDRESSES))
@example(["none@firm.example", "a@none.com", "j.d@googlemail.com"])
def test_a_column_of_addresses_reads_as_each_of_them_does(texts: list[str]) -> None:
    assert contacts.emails(pa.array(texts, pa.string())).to_pylist() == [comparable.email(text) for text in texts]


@given(st.lists(NUMBERS))
@example(["0000000", "123456789", "00 49 30 1234567", "55555", "555555", "555-0100 ext. 12", ""])
def test_a_column_of_numbers_reads_as_each_of_them_does(texts: list[str]) -> None:
    assert contacts.phones(pa.array(texts, pa.string())).to_pylist() == [comparable.phone(text) for text in texts]


@pytest.mark.parametrize(
    ("address", "mailbox", "domain"), [("ann@x.example", "ann", "x.example"), ("a@b@x.example", "a", "x.example")]
)
def test_an_address_has_its_mailbox_in_front_and_its_domain_behind(address: str, mailbox: str, domain: str) -> None:
    column = pa.array([address])
    assert (contacts.mailboxes(column)[0].as_py(), contacts.domains(column)[0].as_py()) == (mailbox, domain)
