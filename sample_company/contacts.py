"""What people tell the company outside orders and tickets: web forms, front-desk notes, and what a bureau knows."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.accounts import EMPLOYEE_IDS, anyone
from sample_company.columns import (
    DAY,
    HOUR,
    Ints,
    Mask,
    blank,
    digits,
    draw,
    glue,
    ints,
    known,
    pick,
    times,
    weighted,
    where,
    written,
)
from sample_company.drops import NOTE_COLUMNS, with_offset
from sample_company.goods import BROWSERS, FORMS, NOTES
from sample_company.names import plain
from sample_company.noise import Habits, observe
from sample_company.state import Company

FIRST_NOTE, FIRST_FORM, FIRST_PROFILE = 10_001, 70_001, 300_001
_WEB_HABITS = Habits(
    latin=0.6, nickname=0.15, typo=0.05, missing_birth=0.7, missing_phone=0.5, placeholder=0.03, missing_email=0.02
)
_DESK_HABITS = Habits(
    latin=0.2,
    nickname=0.15,
    typo=0.06,
    family_first=0.4,
    missing_email=0.6,
    missing_phone=0.15,
    missing_birth=1.0,
    shouted=0.1,
)
_BUREAU_HABITS = Habits(
    latin=0.8,
    nickname=0.03,
    typo=0.04,
    former=0.6,
    family_first=0.0,
    missing_email=0.5,
    missing_phone=0.3,
    missing_birth=0.05,
    shouted=0.3,
)
_LATIN_1 = r"^[\x{0}-\x{FF}]*$"
_HOW, _HOW_SHARES = ("phone", "fax", "letter", "e-mail", "in person", "visit"), (0.45, 0.05, 0.12, 0.1, 0.22, 0.06)
_LATE_FILE_SHARE = 0.01  # of the forms reach the next day's file only
INCOME_BANDS = ("under 20k", "20k-40k", "40k-60k", "60k-90k", "over 90k")


def _accounts_of(customers: pa.Table, people: int) -> Ints:
    account = np.full(people, -1, dtype=np.int64)
    account[ints(customers["person"])] = ints(customers["id"])
    return account


def forms(
    company: Company, rng: np.random.Generator, people: pa.Table, customers: pa.Table, submitted: Ints
) -> pa.Table:
    """Web form submissions; `filed` is the moment they reach a file."""
    size = len(submitted)
    who = anyone(company, rng, people, size)
    account = _accounts_of(customers, people.num_rows)[who]
    seen = observe(people, who, rng, _WEB_HABITS)
    signed_in: Mask = (account >= 0) & (rng.random(size) < 0.5)
    number = company.take_ids("forms", size, FIRST_FORM) + np.arange(size)
    referrer = blank(rng.random(size) > 0.06, seen["email"].combine_chunks().take(pa.array(rng.permutation(size))))
    columns = {
        name: seen[name].combine_chunks() for name in seen.column_names if name not in ("full_name", "party_type")
    }
    return pa.table(
        columns
        | {
            "id": glue(pa.scalar("W"), digits(number)),
            "form": draw(rng, FORMS, (0.4, 0.25, 0.15, 0.1, 0.1), size),
            "visitor_id": glue(pa.scalar("v-"), digits(number * 7_919 % 10**8, 8)),
            "account_id": blank(~signed_in, digits(account)),
            "consent": pa.array(rng.random(size) < 0.55, mask=rng.random(size) < 0.2),
            "referred_by": referrer,
            "browser": pick(BROWSERS, who % len(BROWSERS)),
            "outcome": draw(rng, ("completed", "confirmed", "abandoned", "rejected"), (0.4, 0.45, 0.12, 0.03), size),
            "person": who,
            "submitted": submitted,
            "submitted_at": pa.array(
                [with_offset(moment, n) for moment, n in zip(submitted.tolist(), number.tolist(), strict=True)],
                pa.string(),
            ),
            "filed": submitted + np.where(rng.random(size) < _LATE_FILE_SHARE, DAY, 0),
        }
    )


def form_lines(rows: pa.Table) -> list[dict[str, Any]]:
    """Submissions as the website writes them."""
    return [
        {
            "id": row["id"],
            "form": row["form"],
            "submitted_at": row["submitted_at"],
            "visitor_id": row["visitor_id"],
            "account_id": row["account_id"],
            "person": {
                "first": row["given_name"],
                "last": row["family_name"],
                "name": None,
                "email": row["email"],
                "phone": row["phone"],
            },
            "company": row["organisation_name"],
            "address": {name: row[field] for name, field in _ADDRESS.items()},
            "birth_date": row["date_of_birth"].isoformat() if row["date_of_birth"] else None,
            "consent": row["consent"],
            "referred_by": row["referred_by"],
            "browser": row["browser"],
            "outcome": row["outcome"],
        }
        for row in rows.to_pylist()
    ]


_ADDRESS = {"street": "street", "city": "city", "state": "region", "zip": "postal_code", "country": "country"}


def _in_latin_1(text: pa.Array) -> Mask:
    return np.asarray(
        pc.fill_null(pc.match_substring_regex(text, _LATIN_1), True).to_numpy(zero_copy_only=False), dtype=np.bool_
    )


def notes(
    company: Company, rng: np.random.Generator, people: pa.Table, customers: pa.Table, occurred: Ints
) -> pa.Table:
    """Front-desk notes; `recorded_s` is the second they are written down, for letters up to two days later."""
    size = len(occurred)
    who = anyone(company, rng, people, size)
    account = _accounts_of(customers, people.num_rows)[who]
    seen = observe(people, who, rng, _DESK_HABITS)
    true = people.take(pa.array(who)).combine_chunks()
    # The desk's computer knows latin-1 only; other names are typed in plain letters.
    full = seen["full_name"].combine_chunks()
    full = where(
        _in_latin_1(full),
        full,
        glue(true["given_latin"].combine_chunks(), true["family_latin"].combine_chunks(), separator=" "),
    )
    firm = seen["organisation_name"].combine_chunks()
    foreign = np.flatnonzero(~_in_latin_1(firm))
    firm_text = firm.to_pylist()
    for row in foreign.tolist():
        firm_text[row] = plain(firm_text[row])
    kind = weighted(rng, [1.0] * len(NOTES), size)
    how = weighted(rng, _HOW_SHARES, size)
    recorded = occurred + np.where(
        how == _HOW.index("letter"), rng.integers(6 * HOUR, 44 * HOUR, size), rng.integers(60, 900, size)
    )
    recognised = (account >= 0) & (rng.random(size) < 0.4)
    number = company.take_ids("notes", size, FIRST_NOTE) + np.arange(size)
    table = {
        "note_no": glue(pa.scalar("N"), digits(number)),
        "date": written(times(occurred), "%Y-%m-%d"),
        "time": written(times(occurred), "%H:%M"),
        "recorded": written(times(recorded), "%Y-%m-%d %H:%M:%S"),
        "clerk": pick(EMPLOYEE_IDS, rng.integers(0, len(EMPLOYEE_IDS), size)),
        "how": pick(_HOW, how),
        "in_out": draw(rng, ("in", "out"), (0.85, 0.15), size),
        "customer_no": blank(~recognised, digits(account)),
        "customer_name": pc.coalesce(full, pa.array(firm_text, pa.string())),
        "phone": seen["phone"].combine_chunks(),
        "email": seen["email"].combine_chunks(),
        "zip": seen["postal_code"].combine_chunks(),
        "about_type": pa.nulls(size, pa.string()),
        "about_no": pa.nulls(size, pa.string()),
        "topic": pick([topic for topic, _ in NOTES], kind),
        "note": pick([note for _, note in NOTES], kind),
        "person": who,
        "recorded_s": recorded,
    }
    return pa.table({name: table[name] for name in (*NOTE_COLUMNS, "person", "recorded_s")})


def profiles(company: Company, rng: np.random.Generator, people: pa.Table, who: Ints, day: np.datetime64) -> pa.Table:
    """What the bureau knows of the people numbered `who`."""
    who = who[known(people["date_of_birth"].take(pa.array(who)).combine_chunks())]
    size = len(who)
    seen = observe(people, who, rng, _BUREAU_HABITS)
    homes = people["household_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    number = company.take_ids("profiles", size, FIRST_PROFILE) + np.arange(size)
    return pa.table(
        {
            "profile_id": glue(pa.scalar("B"), digits(number)),
            "first_name": seen["given_name"].combine_chunks(),
            "last_name": seen["family_name"].combine_chunks(),
            "email": seen["email"].combine_chunks(),
            "phone": seen["phone"].combine_chunks(),
            "street": seen["street"].combine_chunks(),
            "city": seen["city"].combine_chunks(),
            "zip": seen["postal_code"].combine_chunks(),
            "country": seen["country"].combine_chunks(),
            "birth_date": seen["date_of_birth"].combine_chunks(),
            "household_size": pa.array(np.bincount(homes)[homes[who]], pa.int32())
            if size
            else pa.array([], pa.int32()),
            "income_band": draw(rng, (*INCOME_BANDS, None), (0.2, 0.3, 0.25, 0.1, 0.05, 0.1), size),
            "education": draw(
                rng, ("school", "apprenticeship", "bachelor", "master", None), (0.3, 0.25, 0.2, 0.1, 0.15), size
            ),
            "occupation": draw(
                rng,
                ("clerical", "trade", "health", "teaching", "retired", None),
                (0.25, 0.2, 0.15, 0.1, 0.15, 0.15),
                size,
            ),
            "observed_on": pa.array((day - rng.integers(5, 400, size)).astype("datetime64[D]")),
            "person": who,
        }
    )
