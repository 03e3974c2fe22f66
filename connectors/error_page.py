"""Answers that are an error, sent where data belong and called a success: a login page, an error document."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

_PAGE_STARTS = (b"<!doctype html", b"<html", b"<?xml", b"<error")
_ERROR_KEYS = {"error", "errors", "error_code", "error_description", "error_message", "exception", "fault"}
# The members of a problem document (RFC 9457, section 3.1), and what others call the same.
_PROBLEM_KEYS = {"type", "title", "status", "detail", "instance", "message", "code", "reason", "success", "request_id"}
_LONGEST_DOCUMENT = 64 * 1024  # an error is short; no file of data is read whole to find out


def is_page(content: bytes) -> bool:
    """Whether bytes begin as an HTML or XML page does."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(_PAGE_STARTS)


def is_error_document(document: object, declared: Collection[str]) -> bool:
    """Whether a JSON document tells an error and holds nothing that the contract declares."""
    if not isinstance(document, dict) or not document or any(name in document for name in declared):
        return False
    keys = {str(key).lower() for key in document}
    return any(document[key] for key in document if str(key).lower() in _ERROR_KEYS) or keys <= _PROBLEM_KEYS


def is_error_file(path: Path, declared: Collection[str]) -> bool:
    """Whether a file that should hold rows is a page or an error document."""
    with path.open("rb") as file:
        content = file.read(_LONGEST_DOCUMENT + 1)
    if is_page(content):
        return True
    if len(content) > _LONGEST_DOCUMENT or not content.lstrip().startswith(b"{"):
        return False
    try:
        return is_error_document(json.loads(content), declared)
    except (ValueError, RecursionError):
        return False
