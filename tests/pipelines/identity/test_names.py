from __future__ import annotations

import pytest

from pipelines.identity.names import given_key


@pytest.mark.parametrize(("one", "other"), [("bob", "robert"), ("robert james", "rob"), ("ana", "ana")])
def test_forms_of_one_given_name_have_one_key(one: str, other: str) -> None:
    assert given_key(one) == given_key(other)


def test_other_names_have_other_keys_and_no_name_has_none() -> None:
    assert given_key("john") != given_key("jane")
    assert given_key(None) is None
