"""Statistics over all customers, on a handful of them counted by hand."""

from __future__ import annotations

import pytest

from pipelines.identity.cluster_statistics.measure import Measured

from .cluster_factory import Clusters


def person(given: str | None = None, family: str | None = None, **columns: object) -> dict[str, object]:
    """A record of a person as standardised."""
    name = " ".join(filter(None, (given, family))) or None
    return {"given_key": given, "given_std": given, "family_std": family, "name_std": name, **columns}


def test_more_than_three_given_names_count_initials_aside() -> None:
    world = Clusters()
    world.customer("four", person("ann"), person("bob"), person("carl"), person("dora"))
    world.customer("three and an initial", person("ann"), person("bob"), person("carl"), person("d"))
    world.customer("one", person("ann"), person("ann"))
    world.customer("a single record is not looked at", person("ann"))
    assert world.measured("several_given_names") == Measured(1 / 3, 3)
    assert world.behind("several_given_names") == ["four"]


def test_the_many_people_of_an_organisation_are_not_looked_at() -> None:
    world = Clusters()
    firm = {"party_std": "organisation", "organisation_std": "marsh"}
    world.customer("firm", firm, person("ann"), person("bob"), person("carl"), person("dora"))
    assert world.measured("several_given_names") == Measured(None, 0)


def test_several_birth_dates_are_counted_among_people_who_have_one() -> None:
    world = Clusters()
    world.customer("two", person(date_of_birth_std="19700101"), person(date_of_birth_std="19800101"))
    world.customer("one", person(date_of_birth_std="19700101"), person())
    world.customer("none", person(), person())
    assert world.measured("several_birth_dates") == Measured(1 / 2, 2)


@pytest.mark.parametrize(
    ("surnames", "addresses", "counted"),
    [
        (["lee", "may", "nye"], ["elm st 1, 10001", "oak st 2, 20002", None], True),
        (["lee", "may", "nye"], ["elm st 1, 10001", "elm st 1, 10001", None], False),
        (["lee", "may", "nye"], [None, None, None], False),
        (["lee", "may", "may"], ["elm st 1, 10001", "oak st 2, 20002", "ash st 3, 30003"], False),
    ],
)
def test_three_surnames_count_at_several_addresses_only(
    surnames: list[str], addresses: list[str | None], counted: bool
) -> None:
    world = Clusters()
    world.customer("one", *(person("ann", s, address_std=a) for s, a in zip(surnames, addresses, strict=True)))
    assert world.measured("several_surnames") == Measured(float(counted), 1)


def test_sizes_are_those_of_customers() -> None:
    world = Clusters()
    world.customer("large", *([person()] * 51))
    for number in range(9):
        world.customer(f"single {number}", person())
    assert world.measured("largest_customer") == Measured(51, 10)
    assert world.measured("size_999") == Measured(51, 10)
    assert world.measured("records_per_customer") == Measured(6.0, 10)
    assert world.measured("single_records") == Measured(0.9, 10)
    assert world.measured("records_in_large") == Measured(51 / 60, 60)
    assert world.behind("records_in_large") == ["large"]
    assert world.behind("records_per_customer") == []


def test_the_quantile_leaves_one_customer_in_a_thousand_out() -> None:
    world = Clusters()
    world.connection.execute(
        """INSERT INTO identity.cluster_quality
               SELECT 'c' || i, if(i <= 2, 90, 3), 1, true, 0, 0, 0, 0, 0, NULL, NULL, NULL
           FROM range(1, 2001) AS t(i)"""
    )
    assert world.measured("size_999") == Measured(3, 2000)
    assert world.measured("largest_customer") == Measured(90, 2000)


def test_confidence_is_the_mean_over_linked_records() -> None:
    world = Clusters()
    world.customer("weak", person(confidence=0.5), person(confidence=0.8), person(confidence=None))
    world.customer("at the edge", person(confidence=0.7), person(confidence=0.7))
    world.customer("never linked", person(confidence=None))
    assert world.measured("low_confidence") == Measured(1 / 2, 2)
    assert world.behind("low_confidence") == ["weak"]


def test_customers_of_one_system_count_only_where_there_are_several_systems() -> None:
    world = Clusters()
    world.customer("shop", person(), person())
    assert world.measured("one_system") == Measured(None, 0)
    world.customer("both", person(), person(source_system="crm"))
    world.customer("crm", person(source_system="crm"))
    assert world.measured("one_system") == Measured(2 / 3, 3)


def test_namesakes_are_customers_with_one_name_and_one_mailbox_on_the_same_record() -> None:
    world = Clusters()
    ann = person("ann", "lee", email_std="ann@lee.example")
    world.customer("left", ann, ann)
    world.customer("right", ann)
    world.customer("same name", person("ann", "lee", email_std="al@other.example"))
    world.customer("same mailbox", person("bob", "lee", email_std="ann@lee.example"))
    world.customer("name and mailbox apart", person("ann", "lee"), person(email_std="ann@lee.example"))
    world.customer("half a name", person("ann", email_std="ann@lee.example"))
    assert world.measured("duplicates_left") == Measured(2 / 4, 4)
    assert set(world.behind("duplicates_left")) == {"left", "right"}


def test_two_customers_that_are_one_firm_with_one_mailbox_are_namesakes() -> None:
    world = Clusters()
    marsh = {"party_std": "organisation", "organisation_std": "marsh", "email_std": "info@marsh.example"}
    world.customer("left", marsh)
    world.customer("right", marsh)
    assert world.measured("duplicates_left") == Measured(1.0, 2)


def test_churn_counts_known_records_that_moved_and_no_new_ones() -> None:
    world = Clusters()
    world.customer("stays", person(), person())
    world.customer("takes over", person(was="another"), person())
    world.customer("new", person(was=None), person(was=None))
    assert world.measured("churn") == Measured(1 / 4, 4)
    assert world.behind("churn") == ["takes over"]


def test_an_empty_warehouse_has_no_value_at_all() -> None:
    world = Clusters()
    for name in ("several_given_names", "largest_customer", "records_in_large", "churn", "one_system"):
        assert world.measured(name) == Measured(None, 0)
