"""What a test of an application looks like with the fixture; the second test sees nothing of the first."""
import os

import pytest
from outspool import Booking, BookingGuest, Spool, SubmitError


def book(nights: int) -> str:
    guest = BookingGuest(name="Zoë", email="zoe@example.com")
    return Spool().submit(Booking(reference="AB-1234", guest=guest, nights=nights), to="zoe@example.com", id="b")


def test_books(outspool: Spool) -> None:
    assert book(2) == "b"
    queued, = outspool.queued
    assert queued.id == "b" and queued.job["params"]["nights"] == 2
    with pytest.raises(SubmitError, match="already queued"):
        book(2)
    with pytest.raises(SubmitError, match="another job"):
        book(3)
    outcome = outspool.outcome("b")
    assert outcome is not None and outcome.state == "new"


def test_checks(outspool: Spool) -> None:
    with pytest.raises(SubmitError) as caught:
        book(31)
    assert caught.value.pointer == "/params/nights"
    assert outspool.queued == []


def test_keeps_off_real_spools() -> None:
    assert os.environ["OUTSPOOL_SPOOL"] == "memory:"
