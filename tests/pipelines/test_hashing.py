from __future__ import annotations

import itertools

import duckdb
import pyarrow as pa
import pytest

from pipelines.hashing import hash_sql

SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def numbers(texts: list[str], sql: str) -> int:
    """How many numbers stand for texts that are all different."""
    assert len(set(texts)) == len(texts)
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"value": texts}))
        ((found,),) = connection.execute(f"SELECT count(DISTINCT {sql}) FROM given").fetchall()
    return int(found)


def differing(*places: int, signs: str, length: int = 27) -> list[str]:
    """Keys of a length with every combination of signs at some places."""
    key = "ORD-2026-000012345-berlin-x"[:length]
    alphabets = (signs if place in places else sign for place, sign in enumerate(key))
    return ["".join(chosen) for chosen in itertools.product(*alphabets)]


@pytest.mark.parametrize(
    ("places", "signs"),
    [
        *(((place, place + 8), SIGNS) for place in range(8)),
        *(((place, place + 8, place + 16), SIGNS[:36]) for place in range(8)),
        ((6, 7, 14, 15), SIGNS[:18]),
        ((3, 7, 11, 15), SIGNS[:18]),
        ((5, 6, 7, 13, 14, 15), SIGNS[:6]),
    ],
)
def test_keys_that_differ_in_the_same_place_of_blocks_have_numbers_of_their_own(
    places: tuple[int, ...], signs: str
) -> None:
    keys = differing(*places, signs=signs)
    assert numbers(keys, hash_sql(["value"])) == len(keys)


@pytest.mark.parametrize("length", range(10, 17))
def test_short_keys_have_numbers_of_their_own(length: int) -> None:
    for places in ((5, 6, 7, length - 1), (6, 7, length - 2, length - 1)):
        keys = differing(*places, signs=SIGNS[:18], length=length)
        assert numbers(keys, hash_sql(["value"])) == len(keys)


def test_duckdbs_own_hash_does_not_tell_them_apart() -> None:
    # Once it does, nothing needs to be hashed twice.
    keys = differing(7, 15, signs=SIGNS)
    assert numbers(keys, "hash(value)") < len(keys)


def test_order_nulls_and_no_value_at_all_tell() -> None:
    with duckdb.connect() as connection:
        found = [
            connection.execute(f"SELECT {hash_sql(values)}").fetchall()
            for values in (["'a'", "'b'"], ["'b'", "'a'"], ["'a'", "NULL"], ["NULL", "'a'"], ["'a'"], [])
        ]
    assert len({str(number) for number in found}) == 6
