"""What HTTP means to sources and channels alike."""

import ssl
from pathlib import Path

import certifi
import pytest

from connectors.http_semantics import trusted_authorities

AUTHORITIES = Path(certifi.where()).read_text("utf-8")


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch):
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    trusted_authorities.cache_clear()
    yield
    trusted_authorities.cache_clear()


def test_the_authority_of_a_company_is_trusted_where_the_environment_names_its_file(monkeypatch, tmp_path):
    begin, end = AUTHORITIES.index("-----BEGIN"), AUTHORITIES.index("-----END")
    one = AUTHORITIES[begin:end] + "-----END CERTIFICATE-----\n"
    (tmp_path / "company.pem").write_text(one)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "company.pem"))
    assert trusted_authorities().get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(one)]


def test_without_such_a_file_those_that_browsers_trust_are(monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert len(trusted_authorities().get_ca_certs()) == AUTHORITIES.count("-----BEGIN")
    assert trusted_authorities().verify_mode == ssl.CERT_REQUIRED
