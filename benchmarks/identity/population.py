"""What the sample company's people lack to be a hard population: rare family names, colleagues who share a company's
mailbox and switchboard, chains with a branch in several towns.

Each function takes the table of `sample_company.people.generate` (one row a party) and gives it back changed.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import Ints, Mask, glue, known, pick, where
from sample_company.names import family_names

_RARE_NAME_SHARE = 0.5  # of the homes
_HEAD_LETTERS = 3
_SHORTEST_RARE = 5
_CHAIN_SHARE = 0.15  # of the organisations head one
_LARGEST_CHAIN = 6
_CENTRAL_NUMBER_SHARE = 0.2  # of the branches answer under the number of the head office
_MOST_COLLEAGUES = 5


def with_rare_names(people: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Half of the homes get a family name that few others have: its first letters are those of another name.

    The sample company has a few hundred family names. A million people of a real country have some ten thousand, and a
    rare name is the best evidence there is.
    """
    latin = _texts(people, "family_latin")
    native = _texts(people, "family_name")
    accentless = np.asarray(pc.fill_null(pc.equal(latin, native), False).to_numpy(zero_copy_only=False), dtype=np.bool_)
    long = np.nan_to_num(pc.utf8_length(latin).to_numpy(zero_copy_only=False).astype(np.float64)) >= _SHORTEST_RARE
    # Sons and daughters share the first letters of their name, so the home and these letters make the key of the draw.
    home = _texts(people, "household_id").dictionary_encode().indices.to_numpy().astype(np.int64)
    start = pc.fill_null(pc.utf8_slice_codeunits(latin, 0, _HEAD_LETTERS), "").dictionary_encode()
    keys, group = np.unique(home * (len(start.dictionary) + 1) + start.indices.to_numpy(), return_inverse=True)
    heads = pool_of_heads()
    head = pick(heads, rng.integers(0, len(heads), len(keys))[group])
    rare: Mask = (rng.random(len(keys)) < _RARE_NAME_SHARE)[group] & accentless & long
    for column in ("family_name", "family_latin", "organisation_name"):
        value = _texts(people, column)
        changed = where(rare, glue(head, pc.utf8_slice_codeunits(value, _HEAD_LETTERS)), value)
        people = _with(people, column, where(known(value), changed, value))
    for column in ("email", "second_email", "household_email"):
        people = _with(people, column, _renamed(_texts(people, column), latin, _texts(people, "family_latin")))
    return people


def _renamed(mailboxes: pa.Array, old: pa.Array, new: pa.Array) -> pa.Array:
    """Mailboxes with the new family name where they had the old one, unless two people would then share one."""
    former, names = mailboxes.to_pylist(), zip(old.to_pylist(), new.to_pylist(), strict=True)
    changed = [
        box.replace(_slug(one), _slug(other)) if box and one and one != other else box
        for box, (one, other) in zip(former, names, strict=True)
    ]
    owners = Counter(changed)
    # A household's mailbox has as many rows as the home has people, all with the same former one.
    shared = Counter(former)
    return pa.array(
        [now if owners[now] <= shared[was] else was for was, now in zip(former, changed, strict=True)], pa.string()
    )


def _slug(name: str) -> str:
    return "".join(letter for letter in name.lower() if "a" <= letter <= "z")


def pool_of_heads() -> list[str]:
    """The first letters of the Latin family names, each once."""
    names = [name for name in family_names().latin.to_pylist() if name and name.isascii() and name.isalpha()]
    return sorted({name[:_HEAD_LETTERS] for name in names if len(name) >= _SHORTEST_RARE})


def with_colleagues(people: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Up to four people work at each organisation: they have a mailbox of its domain, and share its role mailbox and
    its switchboard."""
    organisation = pc.equal(people["party_type"], "organisation").to_numpy().astype(np.bool_)
    firms = np.flatnonzero(organisation)
    seats = np.repeat(firms, rng.integers(0, _MOST_COLLEAGUES, len(firms)))
    persons = rng.permutation(np.flatnonzero(~organisation))
    size = min(len(seats), len(persons))
    employer: Ints = np.full(people.num_rows, -1, dtype=np.int64)
    employer[persons[:size]] = seats[:size]
    employed: Mask = employer >= 0
    rows = pa.array(np.maximum(employer, 0))
    role_mailbox = _texts(people, "email").take(rows)
    domain = pc.replace_substring_regex(role_mailbox, "^[^@]*@", "")
    own = pc.replace_substring_regex(_texts(people, "email"), "@.*$", "")
    people = _with(people, "second_email", where(employed, glue(own, domain, separator="@"), people["second_email"]))
    people = _with(people, "household_email", where(employed, role_mailbox, people["household_email"]))
    switchboard = _texts(people, "landline").take(rows)
    return _with(people, "landline", where(employed, switchboard, people["landline"]))


def with_branches(people: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Some organisations are chains: one name, another town, street and number for each branch. A branch is an entity
    of its own."""
    people = people.take(pc.sort_indices(people["country"])).combine_chunks()
    size = people.num_rows
    sizes = np.where(rng.random(size) < _CHAIN_SHARE, rng.integers(2, _LARGEST_CHAIN + 1, size), 1)
    chain = np.repeat(np.arange(size), sizes)[:size]
    head = np.concatenate([[0], np.cumsum(sizes)])[:-1][chain]
    town = _texts(people, "city").dictionary_encode().indices.to_numpy().astype(np.int64)
    country = _texts(people, "country").dictionary_encode().indices.to_numpy()
    # Only the first of a chain in a town belongs to it, and nobody across a border.
    first = np.zeros(size, dtype=np.bool_)
    first[np.unique(chain * (int(town.max()) + 1) + town, return_index=True)[1]] = True
    head = np.where(first & (country == country[head]), head, np.arange(size))
    central = rng.random(size) < _CENTRAL_NUMBER_SHARE
    number = _texts(people, "landline").take(pa.array(np.where(central, head, np.arange(size))))
    people = _with(people, "organisation_name", _texts(people, "organisation_name").take(pa.array(head)))
    return _with(people, "landline", number)


def _texts(people: pa.Table, column: str) -> pa.Array:
    return people[column].combine_chunks()


def _with(people: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return people.set_column(people.schema.get_field_index(column), column, values)
