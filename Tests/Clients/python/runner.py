"""Runs the table of jobs, the full job and many submissions through the producer in Python; see Tests/Clients/run."""
import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from outspool import AsyncSpool, Attachment, Mail, Message, Spool, Submission, SubmitError
from outspool import Booking, BookingGuest, BookingPerson  # isort: skip


def cases(path: str) -> None:
    spool = Spool()
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            told: dict[str, object] = {"case": number, "verdict": "good"}
            try:
                spool.submit_object(json.loads(line)["job"], id=f"case-{number}")
            except SubmitError as error:
                told["verdict"] = "bad" if error.reason == "invalid" else "error"
                told["pointer" if error.reason == "invalid" else "message"] = error.pointer or str(
                    "" if error.reason == "invalid" else error)
            print(json.dumps(told))


def full() -> None:
    spool = Spool()
    booking = Booking(
        reference="AB-1234", guest=BookingGuest(name="Zoë", email="zoe@example.com"), nights=2, price=9.75, room="suite",
        extras=["a", "b"], party=BookingPerson(name="a", with_=[BookingPerson(name="b")]), a_b_c=True)
    spool.submit(
        booking, to=["Zoë <zoe@example.com>", {"name": "Q, Zoe", "email": "q@example.com"}], cc="c@example.com",
        bcc=["d@example.com"], from_="Shop <shop@example.com>", reply_to="r@example.com", sender="s@example.com",
        envelope_from="bounce@example.com", envelope_to=["zoe@example.com"],
        dsn={"notify": ["failure"], "return": "headers", "envelopeId": "e 1"}, locale="de-AT", headers={"X-A": "b"},
        attachments=[
            Attachment(content=b"x", filename="a.txt", content_type="text/plain", cid="a"), Attachment(file="b.pdf")],
        priority="high", send_at=datetime(2099, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        expires_at=datetime(2099, 2, 3, 4, 5, 6, tzinfo=timezone.utc), tags=["t"], metadata={"order": 1042}, id="full")
    with spool.prepare(Submission(Mail("s", "t", "<p>t"), to="a@b.example", id="mail")) as draft:
        draft.publish()
    results = spool.submit_all([
        Submission(Message("From: a@b.example\n\nhällo"), to="a@b.example", id="message"),
        Submission(Message(b"From: a@b.example\n\n\xe9"), to="a@b.example", id="bytes"),
        Submission(Mail("s", "t"), to="nobody"),
        Submission(Mail("s", "t", "<p>t"), to="a@b.example", id="mail"),
        Submission(Mail("another", "t"), to="a@b.example", id="mail"),
    ])
    told = [result if isinstance(result, str) else f"{result.reason} {result.pointer}" for result in results]
    assert told == ["message", "bytes", "invalid /to", "alreadyQueued None", "invalid id"], told
    outcome = spool.outcome("full")
    assert outcome is not None and outcome.state == "new" and outcome.event is None, outcome
    assert spool.outcome("unknown") is None


def many(threads: int, count: int) -> None:
    spool = Spool()

    def submission(number: int) -> Submission:
        return Submission(Mail(f"python-{number}", "t"), to="a@b.example", id=f"python-{number}")

    def is_over(error: SubmitError) -> bool:
        if error.reason not in ("alreadyQueued", "temporary", "unsettled"):
            raise error
        return error.reason == "alreadyQueued"

    def one(number: int) -> None:
        over = False
        while not over:
            try:
                spool.submit(submission(number))
                over = True
            except SubmitError as error:
                over = is_over(error)

    async def one_of_tasks(number: int) -> None:
        over = False
        while not over:
            try:
                over = await AsyncSpool().submit(submission(number)) == f"python-{number}"
            except SubmitError as error:
                over = is_over(error)

    async def rest() -> None:
        await asyncio.gather(*(one_of_tasks(number) for number in range(count // 2, count)))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count // 2)))
    asyncio.run(rest())


if sys.argv[1] == "cases":
    cases(sys.argv[2])
elif sys.argv[1] == "full":
    full()
else:
    many(int(sys.argv[2]), int(sys.argv[3]))
