"""Submits mail to an Outspool spool: see spool(5)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field  # noqa: F401
from datetime import datetime
from typing import Any, ClassVar, Literal, Optional, Protocol, TypeAlias, Union  # noqa: F401

import outspool_files as _files
from outspool_files import Draft as Draft
from outspool_files import State as State
from outspool_files import SubmitError as SubmitError
from outspool_files import SubmitReason as SubmitReason
from outspool_form import ID as _ID
from outspool_job import Address as Address
from outspool_job import Attachment as Attachment
from outspool_job import Job as Job
from outspool_job import Mail as Mail
from outspool_job import Message as Message
from outspool_job import Params as Params
from outspool_job import Priority as Priority
from outspool_job import Recipients as Recipients
from outspool_job import Submission as Submission
from outspool_job import Template as Template
from outspool_job import judged, know  # noqa: F401


@dataclass(frozen=True)
class Outcome:
    """Where a job is, and the last event of its history."""

    state: State
    event: Optional[Mapping[str, Any]]


@dataclass(frozen=True)
class Queued:
    """A job that was queued in memory."""

    id: str
    job: Mapping[str, Any]


class Submitter(Protocol):
    """What an application needs of a spool, for its doubles."""

    def submit(self, job: Submission, /) -> str: ...

    def submit_all(self, submissions: Sequence[Submission]) -> list[Union[str, SubmitError]]: ...


class Spool:
    """Where mail is submitted: a spool, or the drop box that this application has in one; see OUTSPOOL_SPOOL.

    At the path "memory:" jobs are kept in this process, for tests: `queued` has them.
    """

    _memory: ClassVar[list[Queued]] = []

    def __init__(self, path: Optional[str] = None) -> None:
        self.path: str = path or os.environ.get("OUTSPOOL_SPOOL") or "/var/spool/outspool"

    def submit(
        self, job: Union[Job, Submission], *, to: Recipients = (), cc: Recipients = (), bcc: Recipients = (),
        sender: Optional[Address] = None, from_: Optional[Address] = None, reply_to: Optional[Address] = None,
        envelope_from: Optional[str] = None, envelope_to: Optional[Sequence[str]] = None,
        dsn: Optional[Mapping[str, Any]] = None, id: Optional[str] = None, locale: Optional[str] = None,
        headers: Optional[Mapping[str, str]] = None,
        attachments: Sequence[Union[Attachment, Mapping[str, str]]] = (), priority: Optional[Priority] = None,
        send_at: Optional[datetime] = None, expires_at: Optional[datetime] = None, tags: Sequence[str] = (),
        metadata: Optional[Mapping[str, object]] = None,
    ) -> str:
        """Queues a job and returns its id, the idempotency key if one is given.

        On return the job is on disk and outlives a power cut. Times need their zone. Raises SubmitError; what the daemon
        would bury is `invalid`, and nothing is written.
        """
        if isinstance(job, Job):
            job = Submission(
                job, to=to, cc=cc, bcc=bcc, sender=sender, from_=from_, reply_to=reply_to, envelope_from=envelope_from,
                envelope_to=envelope_to, dsn=dsn, id=id, locale=locale, headers=headers, attachments=attachments,
                priority=priority, send_at=send_at, expires_at=expires_at, tags=tags, metadata=metadata)
        return self.submit_object(job._object(), job.id)

    def submit_object(self, job: Mapping[str, Any], id: Optional[str] = None) -> str:
        """Queues a job object as spool(5) has it; judged as any other job."""
        text = judged(job, id)
        if self.path == "memory:":
            return self._remember(text, id)
        return self._draft(text, id).publish()

    def prepare(self, submission: Submission) -> Draft:
        """Writes a job to disk without queueing it, before a database commits; Draft.publish() queues it after."""
        if self.path == "memory:":
            raise SubmitError("unusable", "a spool in memory has no drafts; submit() instead")
        return self._draft(judged(submission._object(), submission.id), submission.id)

    def submit_all(self, submissions: Sequence[Submission]) -> list[Union[str, SubmitError]]:
        """Queues many jobs at the price of few waits for the disk: for each, in order, its id or why it was not queued."""
        results: list[Union[str, SubmitError]] = []
        if self.path == "memory:":
            return [_caught(self, submission) for submission in submissions]
        # Each holds an open file until all of its hundred are on disk.
        for start in range(0, len(submissions), 100):
            results += self._submit_some(submissions[start:start + 100])
        return results

    def outcome(self, id: str) -> Optional[Outcome]:
        """Tells where a job is; None if the spool does not know it any more. A drop box knows what its out/ says."""
        if not _ID.fullmatch(id):
            return None
        if self.path == "memory:":
            return Outcome("new", None) if any(queued.id == id for queued in Spool._memory) else None
        try:
            with open(f"{self.path}/out/{id}", "rb") as file:
                told = json.load(file)
            return Outcome(told["state"], told.get("event"))
        except (OSError, ValueError, KeyError):
            pass  # It is a spool, or the outcome is not told yet.
        found = _files.find(self.path, id)
        if found is None:
            return None
        events = _files.read_job(found[1])[1]
        return Outcome(found[0], events[-1] if events else None)

    @property
    def queued(self) -> list[Queued]:
        """What was queued in memory, in order."""
        if self.path != "memory:":
            raise SubmitError("unusable", "only a spool of the path memory: tells what is queued in it")
        return list(Spool._memory)

    @staticmethod
    def clear() -> None:
        """Forgets what was queued in memory."""
        Spool._memory.clear()

    @staticmethod
    def outbox_row(job: Union[Job, Submission], **options: Any) -> tuple[str, str]:
        """Makes a job without queueing it: its id, new if none is given, and its JSON text, which submit() would queue.

        The application inserts both into a table in its own transaction; outspool-pump(5) takes them from there. The
        options are those of submit(). Raises SubmitError for what is invalid.
        """
        submission = Submission(job, **options) if isinstance(job, Job) else job
        return submission.id or _files.new_id(), judged(submission._object(), submission.id)

    def _draft(self, text: str, id: Optional[str]) -> Draft:
        self._refuse_namesake(text, id)
        return Draft(self.path, id or _files.new_id(), text.encode() + b"\n", id is not None)

    def _refuse_namesake(self, text: str, id: Optional[str]) -> None:
        found = None if id is None else _files.find(self.path, id)
        if id is None or found is None:
            return
        own, _ = _files.read_job(text.encode())
        if _files.is_same(_files.read_job(found[1])[0], own, is_masked=found[0] == "done"):
            raise SubmitError("alreadyQueued", f"{id} is already queued", id)
        raise SubmitError(
            "invalid", f"id: another job of that id is in {found[0]}/; a new job needs a new id", pointer="id")

    def _remember(self, text: str, id: Optional[str]) -> str:
        job = json.loads(text)
        for queued in Spool._memory:
            if queued.id == id:
                if _files.is_same(queued.job, job):
                    raise SubmitError("alreadyQueued", f"{id} is already queued", id)
                raise SubmitError("invalid", "id: another job has it; a new job needs a new id", pointer="id")
        Spool._memory.append(Queued(id or _files.new_id(), job))
        return Spool._memory[-1].id

    def _submit_some(self, submissions: Sequence[Submission]) -> list[Union[str, SubmitError]]:
        results: list[Union[str, SubmitError]] = []
        drafts: dict[int, Draft] = {}
        try:
            directory = _files.open_new(self.path)
        except SubmitError as error:
            return [error for _ in submissions]
        try:
            for place, submission in enumerate(submissions):
                try:
                    draft = self.prepare(submission)
                    draft.rename()
                    drafts[place] = draft
                    results.append(draft.id)
                except SubmitError as error:
                    results.append(error)
            for place, failed in zip(drafts, _files.settle_all(list(drafts.values()), directory)):
                if failed is not None:
                    results[place] = failed
        finally:
            for draft in drafts.values():
                draft.discard()
            if directory != -1:
                os.close(directory)
        return results


def _caught(spool: Spool, submission: Submission) -> Union[str, SubmitError]:
    try:
        return spool.submit(submission)
    except SubmitError as error:
        return error


class AsyncSpool:
    """A spool for asyncio: the wait for the disk is a thread's."""

    def __init__(self, path: Optional[str] = None) -> None:
        self.spool = Spool(path)

    async def submit(self, job: Union[Job, Submission], **options: Any) -> str:
        """Queues a job and returns its id; the options are those of Spool.submit()."""
        submission = Submission(job, **options) if isinstance(job, Job) else job
        return await asyncio.to_thread(self.spool.submit, submission)

    async def submit_all(self, submissions: Sequence[Submission]) -> list[Union[str, SubmitError]]:
        """Queues many jobs, see Spool.submit_all()."""
        return await asyncio.to_thread(self.spool.submit_all, submissions)

    async def outcome(self, id: str) -> Optional[Outcome]:
        """Tells where a job is, see Spool.outcome()."""
        return await asyncio.to_thread(self.spool.outcome, id)
