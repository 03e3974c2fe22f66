"""Who has an account where: shop customers, helpdesk users and employees, as rows of their system.

Every table carries `person`, the row number in the table of people; systems never see that column.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import DAY, NEVER, Ints, blank, digits, draw, glue, ints, known, pick, times, where
from sample_company.names import plain
from sample_company.noise import Habits, observe
from sample_company.state import Company

FIRST_CUSTOMER, FIRST_USER, FIRST_AGENT = 1001, 360001001, 360000101
SHOP_HABITS = Habits(latin=0.4, missing_email=0.01, missing_phone=0.25, missing_birth=0.55, nickname=0.08)
HELPDESK_HABITS = Habits(
    latin=0.7, missing_email=0.04, missing_phone=0.55, nickname=0.15, initial=0.04, missing_birth=1.0
)
_SHOP_SHARE, _SECOND_ACCOUNT_SHARE, _HELPDESK_SHARE = 0.8, 0.07, 0.34
STORY_PEOPLE = 2  # they follow the company's first customers in the table of people
_LINKED_USER_SHARE = 0.45  # helpdesk users who came through the shop's single sign-on carry its customer id

# The people of the two stories first: who asked, who was told, who called, and who sells.
EMPLOYEES: tuple[tuple[str, str, str], ...] = (
    ("Aileen Marsh", "collections", "finance"), ("Bruno Keller", "service desk", "service"), ("Carla Dunne",
    "collections", "finance"),
    ("Simon Archer", "key accounts", "sales"), ("Dora Lindqvist", "service desk", "service"), ("Emre Aksoy",
    "service desk", "service"),
    ("Fiona Gallagher", "service desk", "service"), ("Gustav Ehrlich", "service desk", "service"), ("Hana Novotna",
    "service desk", "service"),
    ("Igor Malik", "store", "sales"), ("Jolanta Wrona", "store", "sales"), ("Kofi Mensah", "store", "sales"),
    ("Lea Fontaine", "telephone sales", "sales"),
    ("Marek Zawada", "warehouse", "operations"), ("Nina Osterman", "warehouse", "operations"), ("Oscar Villareal",
    "campaigns", "marketing"),
    ("Paula Rinaldi", "campaigns", "marketing"), ("Quentin Rousse", "accounts", "finance"), ("Rita Sandoval",
    "mail room", "operations"),
    ("Tomas Hruska", "systems", "it"),
)  # fmt: skip
EMPLOYEE_IDS = tuple(f"E{number:02d}" for number in range(1, len(EMPLOYEES) + 1))
SERVICE_AGENTS = tuple(number for number, (_, _, function) in enumerate(EMPLOYEES) if function == "service")
SALES_STAFF = tuple(number for number, (_, _, function) in enumerate(EMPLOYEES) if function == "sales")


# One shop customer in five was asked how to be dealt with. By number and not by chance: a draw more would change all
# that follows it.
_ASKED_EVERY = 5
_CONTACT_BY = ("phone", "e-mail", "letter", "text message")


@dataclass(frozen=True)
class Newcomers:
    """Accounts opened in a window of time."""

    customers: pa.Table
    users: pa.Table


def employees(company: Company) -> pa.Table:
    """The company's own people."""
    names = [name for name, _, _ in EMPLOYEES]
    day = np.datetime64(company.start) - np.arange(len(EMPLOYEES)) * 131 - 400
    hired = day.astype("datetime64[s]").astype(np.int64)
    return pa.table(
        {
            "id": list(EMPLOYEE_IDS),
            "full_name": names,
            "email": [f"{plain(name).lower().replace(' ', '.')}@harbourlane.example" for name in names],
            "team": [team for _, team, _ in EMPLOYEES],
            "function": [function for _, _, function in EMPLOYEES],
            "started_on": pa.array(day.astype("datetime64[D]")),
            "updated_at": times(hired + 9 * 3600),
        }
    )


def agents(company: Company) -> pa.Table:
    """Helpdesk users of the service and finance people who answer customers; `external_id` is the employee id."""
    staff = employees(company)
    size = staff.num_rows
    return pa.table(
        {
            "id": np.arange(size) + FIRST_AGENT,
            "name": staff["full_name"].combine_chunks(),
            "email": staff["email"].combine_chunks(),
            "phone": pa.nulls(size, pa.string()),
            "organization": pa.nulls(size, pa.string()),
            "verified": np.ones(size, dtype=np.bool_),
            "role": pa.repeat("agent", size),
            "suspended": np.zeros(size, dtype=np.bool_),
            "external_id": staff["id"].combine_chunks(),
            "created_at": staff["updated_at"].combine_chunks(),
            "updated_at": staff["updated_at"].combine_chunks(),
            "person": np.full(size, -1),
        }
    )


def anyone(company: Company, rng: np.random.Generator, people: pa.Table, size: int) -> Ints:
    """Row numbers of people drawn at random; the two customers of the stories live their story only."""
    who = rng.integers(0, people.num_rows - STORY_PEOPLE, size)
    return who + STORY_PEOPLE * (who >= company.customers)


def when(rng: np.random.Generator, begin: int, end: int, size: int) -> Ints:
    """Moments in (begin, end] in order: evenly within a month; over longer times ever more, for the company grows."""
    share = rng.random(size)
    back = 1 - np.sqrt(share) if end - begin > 31 * DAY else share
    return np.sort(end - (back * (end - begin)).astype(np.int64))


def open_accounts(
    company: Company, rng: np.random.Generator, people: pa.Table, who: Ints, begin: int, end: int
) -> Newcomers:
    """Shop and helpdesk accounts that the people numbered `who` open between begin and end (seconds)."""
    shoppers = rng.permutation(who[rng.random(len(who)) < _SHOP_SHARE])
    shoppers = np.concatenate([shoppers, rng.permutation(shoppers[rng.random(len(shoppers)) < _SECOND_ACCOUNT_SHARE])])
    customers = _customers(company, rng, people, shoppers, when(rng, begin, end, len(shoppers)), end)
    askers = rng.permutation(who[rng.random(len(who)) < _HELPDESK_SHARE])
    return Newcomers(customers, _users(company, rng, people, askers, when(rng, begin, end, len(askers)), customers))


def _customers(
    company: Company, rng: np.random.Generator, people: pa.Table, who: Ints, created: Ints, end: int
) -> pa.Table:
    size = len(who)
    seen = observe(people, who, rng, SHOP_HABITS)
    organisation = np.asarray(pc.is_valid(seen["organisation_name"]).to_numpy(), dtype=np.bool_)
    street = seen["street"].combine_chunks()
    flat = pc.extract_regex(street, "^(?P<house>.*) (?:Apt|#) (?P<flat>[0-9]+)$")
    has_flat = known(flat)
    changed = np.minimum(created + (rng.random(size) ** 3 * 400 * DAY).astype(np.int64) * (rng.random(size) < 0.4), end)
    gone = rng.random(size) < 0.01
    first = company.take_ids("customers", size, FIRST_CUSTOMER)
    return pa.table(
        {
            "id": np.arange(size) + first,
            "email": seen["email"].combine_chunks(),
            "first_name": seen["given_name"].combine_chunks(),
            "last_name": seen["family_name"].combine_chunks(),
            "company": seen["organisation_name"].combine_chunks(),
            "phone": seen["phone"].combine_chunks(),
            "address1": where(has_flat, pc.struct_field(flat, "house"), street),
            "address2": blank(~has_flat, glue(pa.scalar("Apt "), pc.struct_field(flat, "flat"))),
            "city": seen["city"].combine_chunks(),
            "province": seen["region"].combine_chunks(),
            "zip": seen["postal_code"].combine_chunks(),
            "country_code": seen["country"].combine_chunks(),
            "date_of_birth": seen["date_of_birth"].combine_chunks(),
            "accepts_marketing": pa.array(rng.random(size) < 0.6, mask=rng.random(size) < 0.15),
            "verified_email": rng.random(size) < 0.55,
            "contact_by": _contact_by(np.arange(size) + first),
            "state": where(
                organisation,
                pa.scalar("enabled"),
                draw(rng, ("enabled", "invited", "disabled"), (0.9, 0.07, 0.03), size),
            ),
            "created_at": times(created),
            "updated_at": times(changed),
            "deleted_at": times(np.where(gone, changed, NEVER)),
            "person": who,
        }
    )


def _contact_by(numbers: Ints) -> pa.Array:
    """How the customers of these numbers asked to be dealt with; null where nobody asked them."""
    wish = pick(_CONTACT_BY, numbers // _ASKED_EVERY % len(_CONTACT_BY))
    return blank(numbers % _ASKED_EVERY != 0, wish)


def _users(
    company: Company, rng: np.random.Generator, people: pa.Table, who: Ints, created: Ints, customers: pa.Table
) -> pa.Table:
    size = len(who)
    seen = observe(people, who, rng, HELPDESK_HABITS)
    account = np.full(people.num_rows, -1, dtype=np.int64)
    account[ints(customers["person"])] = ints(customers["id"])
    linked = (account[who] >= 0) & (rng.random(size) < _LINKED_USER_SHARE)
    first = company.take_ids("users", size, FIRST_USER)
    return pa.table(
        {
            "id": np.arange(size) + first,
            "name": pc.coalesce(seen["full_name"], seen["organisation_name"]).combine_chunks(),
            "email": seen["email"].combine_chunks(),
            "phone": seen["phone"].combine_chunks(),
            "organization": seen["organisation_name"].combine_chunks(),
            "verified": rng.random(size) < 0.6,
            "role": pa.repeat("end-user", size),
            "suspended": rng.random(size) < 0.01,
            "external_id": blank(~linked, digits(account[who])),
            "created_at": times(created),
            "updated_at": times(created),
            "person": who,
        }
    )
