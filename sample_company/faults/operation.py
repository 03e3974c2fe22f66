"""Faults of operating a feed (G): doors that close, and pages that are no data."""

from http import HTTPStatus

from sample_company.faults.answers import TICKETS, ending_after, refusing
from sample_company.faults.fault import fault
from sample_company.faults.shown import Moment, Shown
from sample_company.server import Answer

_LOGIN_PAGE = b"<!doctype html><html><body><form action='/login'>Please sign in.</form></body></html>"


@fault("G1", "helpdesk.tickets")
def credentials_refused(shown: Shown, moment: Moment) -> None:
    """The token is no longer accepted."""
    del moment
    shown.interference = refusing(TICKETS, HTTPStatus.UNAUTHORIZED, "The token has expired.")


@fault("G2", "helpdesk.tickets")
def login_page(shown: Shown, moment: Moment) -> None:
    """A login page comes with status 200."""
    del moment

    def interfere(target: str, answer: Answer) -> Answer:
        if TICKETS not in target:
            return answer
        return HTTPStatus.OK, {"Content-Type": "text/html; charset=utf-8"}, _LOGIN_PAGE

    shown.interference = interfere


@fault("G2", "mailer.activity")
def error_in_an_envelope(shown: Shown, moment: Moment) -> None:
    """An error comes with status 200 where the records were."""
    del moment

    def interfere(target: str, answer: Answer) -> Answer:
        return (HTTPStatus.OK, {}, {"status": "error", "detail": "try later"}) if "/activity" in target else answer

    shown.interference = interfere


@fault("G12", "helpdesk.tickets")
def empty_after_an_outage(shown: Shown, moment: Moment) -> None:
    """The service is down, and then answers with nothing although there is something."""
    down = refusing(TICKETS, HTTPStatus.SERVICE_UNAVAILABLE, "Down for the moment.")
    shown.interference = down if moment.step < 2 else ending_after(TICKETS, "tickets", 0)
