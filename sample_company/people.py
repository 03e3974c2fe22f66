"""Who is who: invented people in households, and organisations. `records` shows them as source systems would see them.

Usable on its own at a million people, as input of identity benchmarks. What a single system makes of a person lives in
`sample_company.noise`; accounts and events live with their system.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company import phones
from sample_company.columns import Ints, Mask, blank, digits, glue, pick, weighted, where
from sample_company.names import CULTURES, family_names, given_names
from sample_company.noise import Habits, observe
from sample_company.places import COUNTRIES, COUNTRY_CODES, gazetteer

MAIL_DOMAINS = (
    "mailbox.example",
    "post.example",
    "inbox.example",
    "letters.example",
    "example.com",
    "example.net",
    "example.org",
)
_MAIL_SHARES = (0.3, 0.2, 0.15, 0.1, 0.1, 0.08, 0.07)
_TRADES = (
    "Logistics",
    "Bakery",
    "Engineering",
    "Consulting",
    "Textiles",
    "Garden Supplies",
    "Software",
    "Interiors",
    "Catering",
    "Print",
)
_PARTNER_KEEPS_OWN_NAME = 0.2
_TWIN_SHARE = 0.06  # of the households with two children
_JUNIOR_SHARE = 0.02  # of the children who carry the given name of a parent
_FAMILY_MAILBOX_SHARE = 0.25  # of the households of two and more
_MARRIED_NAME_SHARE = 0.04
_MOVED_SHARE = 0.12
_OLDEST_BIRTH, _YOUNGEST_HEAD = 1938, 2002


def _households(rng: np.random.Generator, people: int, share: float) -> tuple[Ints, Ints]:
    """Household number and position in the household of each person; `share` of the people live with others."""
    sizes = np.where(
        rng.random(people) < share / (share + 2.9 * (1 - share)), 2 + weighted(rng, (0.45, 0.25, 0.22, 0.08), people), 1
    )
    household = np.repeat(np.arange(people), sizes)[:people]
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    return household, np.arange(people) - starts[household]


def _birth_dates(rng: np.random.Generator, household: Ints, position: Ints, twin: Mask) -> pa.Array:
    size = len(household)
    head_year = rng.integers(_OLDEST_BIRTH, _YOUNGEST_HEAD, size)[household]
    year = np.select(
        [position == 0, position == 1],
        [head_year, head_year + rng.integers(-6, 7, size)],
        head_year + rng.integers(19, 38, size),
    )
    day = (
        np.datetime64("1970-01-01")
        + ((np.minimum(year, 2008) - 1970) * 365.25).astype(np.int64)
        + rng.integers(0, 365, size)
    )
    day[twin] = day[np.flatnonzero(twin) - 1]
    return pa.array(day.astype("datetime64[D]"))


def _mailboxes(rng: np.random.Generator, given: pa.Array, family: pa.Array, marks: pa.Array, later: bool) -> pa.Array:
    """Personal addresses, one of its own for every person."""
    size = len(given)
    first, last = (
        pc.replace_substring_regex(pc.utf8_lower(name), "[^a-z]", "") for name in (given, pc.fill_null(family, ""))
    )
    style = weighted(rng, (0.4, 0.2, 0.2, 0.2), size)
    year = digits(rng.integers(50, 100, size))
    local = where(style == 0, glue(first, last, separator="."), glue(pc.utf8_slice_codeunits(first, 0, 1), last))
    local = where(style == 2, glue(first, year), local)
    local = pc.utf8_trim(
        where(style == 3, glue(last, glue(pc.utf8_slice_codeunits(first, 0, 2), year), separator="_"), local), "._"
    )
    domain = draw_domains(rng, size)
    address = glue(local, domain, separator="@")
    repeated = np.ones(size, dtype=np.bool_)
    repeated[np.unique(address.dictionary_encode().indices.to_numpy(), return_index=True)[1]] = False
    # A later run cannot see the mailboxes of the first one, so it numbers all of its own.
    numbered = glue(glue(local, marks, separator="."), domain, separator="@")
    return where(repeated | later, numbered, address)


def draw_domains(rng: np.random.Generator, size: int) -> pa.Array:
    """Mail domains that nobody can own, common ones more often."""
    return pick(MAIL_DOMAINS, weighted(rng, _MAIL_SHARES, size))


def generate(
    people: int,
    seed: int | Sequence[int],
    household_share: float = 0.4,
    organisation_share: float = 0.06,
    first_number: int = 1,
) -> pa.Table:
    """One row per party (person or organisation) with everything true about it.

    `household_share` of the people share a home; numbering starts at `first_number`, so that two runs of different
    numbers share no person, mobile number or mailbox. Ages are in whole years, dates are birth dates.
    """
    rng = np.random.default_rng(seed)
    serial = np.arange(people, dtype=np.int64) + first_number - 1
    household, position = _households(rng, people, household_share)
    head = np.maximum.accumulate(np.where(position == 0, np.arange(people), 0))
    organisation = (rng.random(people) < organisation_share) & (position == 0)
    organisation &= np.append(position[1:], 0) == 0

    names = list(CULTURES)
    culture = weighted(rng, [c.share for c in CULTURES.values()], people)[head]
    country = np.zeros(people, dtype=np.int64)
    spin = rng.random(people)[head]
    for number, kind in enumerate(CULTURES.values()):
        edges = np.cumsum([share for _, share in kind.countries])
        codes = np.array([COUNTRY_CODES.index(code) for code, _ in kind.countries])
        rows = culture == number
        country[rows] = codes[np.minimum(np.searchsorted(edges, spin[rows], side="right"), len(codes) - 1)]

    man = rng.random(people) < 0.5
    man = np.where(position == 1, ~man[head], man)
    # Children of one home get different names: each steps on from the first draw by its position.
    given_pool, family_pool = given_names(), family_names()
    group = 2 * culture + man
    given_at = given_pool.draw(group, rng.random(people))
    child = position >= 2
    step = (
        given_pool.first[group]
        + (given_pool.draw(group, rng.random(people)[head]) - given_pool.first[group] + position)
        % given_pool.size[group]
    )
    given_at = np.where(child, step, given_at)
    junior = child & (rng.random(people) < _JUNIOR_SHARE) & (man == man[head])
    given_at = np.where(junior, given_at[head], given_at)
    twin = (position == 3) & (rng.random(people) < _TWIN_SHARE)

    luck = rng.random(people)
    own_luck = (position == 1) & (rng.random(people) < _PARTNER_KEEPS_OWN_NAME)
    family_at = family_pool.draw(group, np.where(own_luck, luck, luck[head]))
    former_at = family_pool.draw(group, rng.random(people))
    married = (rng.random(people) < _MARRIED_NAME_SHARE) & ~man & ~organisation & (position < 2)

    given, given_latin = pick(given_pool.native, given_at), pick(given_pool.latin, given_at)
    family, family_latin = pick(family_pool.native, family_at), pick(family_pool.latin, family_at)

    places = gazetteer()
    postal = places.first_code[country] + rng.integers(0, 2**31, people)[head] % places.code_count[country]
    address = _address(rng, country, head)
    former_postal = places.first_code[country] + rng.integers(0, 2**31, people) % places.code_count[country]
    moved = rng.random(people) < _MOVED_SHARE

    slug = pc.replace_substring_regex(pc.utf8_lower(pc.fill_null(family_latin, "firm")), "[^a-z]", "")
    company_domain = glue(slug, digits(serial), pa.scalar(".example"))
    legal = _legal_forms(rng, country)
    # Firms register in Latin letters, with the accents of their language.
    readable = (
        np.asarray(
            pc.match_substring_regex(family, r"^[\x{0}-\x{24F}\x{1E00}-\x{1EFF}]*$").to_numpy(zero_copy_only=False)
        )
        == 1
    )
    company = glue(
        pc.fill_null(where(readable, family, family_latin), "Firma"),
        pick(_TRADES, weighted(rng, [1] * len(_TRADES), people)),
        legal,
        separator=" ",
    )
    role = pick(("info", "office", "sales", "contact"), weighted(rng, (0.5, 0.2, 0.2, 0.1), people))
    personal = _mailboxes(rng, given_latin, family_latin, digits(serial), first_number > 1)
    initial = pc.utf8_slice_codeunits(pc.utf8_lower(given_latin), 0, 1)
    second = where(
        rng.random(people) < 0.15,
        _mailboxes(rng, family_latin, given_latin, glue(pa.scalar("w"), digits(serial)), True),
        pa.scalar(None, pa.string()),
    )
    shared = (rng.random(people)[head] < _FAMILY_MAILBOX_SHARE) & (np.bincount(head, minlength=people)[head] > 1)
    family_box = glue(
        glue(pa.scalar("family."), slug, digits(serial[head])),
        pick(MAIL_DOMAINS, head % len(MAIL_DOMAINS)),
        separator="@",
    )
    nobody = pa.scalar(None, pa.string())
    return pa.table(
        {
            "person_id": glue(pa.scalar("P"), digits(serial + 1, 7)),
            "household_id": glue(pa.scalar("H"), digits(serial[head] + 1, 7)),
            "party_type": where(organisation, pa.scalar("organisation"), pa.scalar("person")),
            "culture": pick(names, culture),
            "given_name": given,
            "family_name": family,
            "given_latin": given_latin,
            "family_latin": family_latin,
            "nickname": pick(given_pool.nickname, given_at),
            "former_family_name": where(married, pick(family_pool.native, former_at), nobody),
            "former_family_latin": where(married, pick(family_pool.latin, former_at), nobody),
            "organisation_name": where(organisation, company, nobody),
            "email": where(organisation, glue(role, company_domain, separator="@"), personal),
            "second_email": where(
                organisation, glue(glue(initial, slug, separator="."), company_domain, separator="@"), second
            ),
            "household_email": where(shared, family_box, nobody),
            "mobile": phones.mobiles(country, serial),
            "landline": phones.landlines(country, postal, serial[head]),
            "country": pick(COUNTRY_CODES, country),
            "street": address,
            "city": pick(places.town, postal),
            "region": pick(places.region, postal),
            "postal_code": pick(places.postal_code, postal),
            "former_street": where(moved, _address(rng, country, np.arange(people)), nobody),
            "former_city": where(moved, pick(places.town, former_postal), nobody),
            "former_region": where(moved, pick(places.region, former_postal), nobody),
            "former_postal_code": where(moved, pick(places.postal_code, former_postal), nobody),
            "date_of_birth": blank(organisation, _birth_dates(rng, household, position, twin)),
        }
    )


def _address(rng: np.random.Generator, country: Ints, head: Ints) -> pa.Array:
    """Street and house number in the order of the country, one per household."""
    places, size = gazetteer(), len(country)
    street = pick(
        places.street, places.first_street[country] + rng.integers(0, 2**31, size)[head] % places.street_count[country]
    )
    number = digits(rng.integers(1, 240, size)[head])
    number_first = np.array([land.number_first for land in COUNTRIES.values()])[country]
    written = where(number_first, glue(number, street, separator=" "), glue(street, number, separator=" "))
    flat = (rng.random(size)[head] < 0.25) & (country == COUNTRY_CODES.index("US"))
    return where(flat, glue(written, digits(rng.integers(1, 40, size)[head]), separator=" Apt "), written)


def _legal_forms(rng: np.random.Generator, country: Ints) -> pa.Array:
    forms = [form for land in COUNTRIES.values() for form in land.legal_forms]
    counts = np.array([len(land.legal_forms) for land in COUNTRIES.values()])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return pick(forms, first[country] + rng.integers(0, 2**31, len(country)) % counts[country])


def records(
    persons: pa.Table, seed: int | Sequence[int], per_person: float = 2.0, habits: Habits | None = None
) -> pa.Table:
    """Noisy source records of the persons, about `per_person` each and at least one, in mixed order.

    Columns: record_id, person_id, household_id and what `noise.observe` gives: names, contact values, address, birth
    date.
    """
    rng = np.random.default_rng(seed)
    extra = rng.poisson(max(per_person - 1, 0.0), persons.num_rows)
    who = rng.permutation(np.repeat(np.arange(persons.num_rows), 1 + extra))
    seen = observe(persons, who, rng, habits or Habits())
    truth = persons.select(["person_id", "household_id"]).take(pa.array(who)).combine_chunks()
    columns = {"record_id": glue(pa.scalar("R"), digits(np.arange(len(who)), 8))}
    columns |= {name: truth.column(name) for name in truth.column_names}
    return pa.table(columns | {name: seen.column(name) for name in seen.column_names})
