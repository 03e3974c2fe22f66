"""Secrets are hidden in messages, and messages stay readable."""

import pytest

from connectors.secrecy import password_of, without_password, without_secrets


def test_a_secret_within_another_leaves_nothing_of_either():
    assert without_secrets("key s3cr3t-long, s3cr3t", ["s3cr3t", "s3cr3t-long"]) == "key …, …"


def test_a_secret_of_one_letter_takes_no_letters_out_of_messages():
    assert without_secrets("the server did not answer", ["e", "not", ""]) == "the server did not answer"


def test_a_password_is_hidden_as_it_stands_in_the_url_and_as_it_reads():
    text = "no such host b@se; login p%40ss and p@ss failed for postgresql://amy:p%40ss@host/shop"
    url = "postgresql://amy:p%40ss@host/shop"
    assert without_password(text, url) == "no such host b@se; login … and … failed for the URL"


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://amy:t0p/s3@host/shop", "t0p/s3"),
        ("postgresql://amy@host/shop", ""),
        ("https://host.example:443/path", ""),
        ("/var/drop", ""),
    ],
)
def test_the_password_of_a_url_is_what_stands_between_user_and_host(url: str, password: str):
    assert password_of(url) == password
