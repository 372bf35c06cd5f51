"""The files of a spool: see spool(5), SUBMISSION. The order of the steps is the promise."""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from typing import Any, Literal, Optional, TypeAlias

# alreadyQueued: the same job is in the spool under this id, or a job of the id waits where this user cannot look.
#   If the id is your idempotency key, take this for success.
# unsettled: the job may be queued or not, the last wait for the disk failed. Submitted again under
#   a chosen id it is sent once.
# temporary: nothing is queued, and the same call can succeed later: a full disk.
# unusable: nothing is queued, nor will be until the installation changes.
# invalid: nothing is queued, nor will be, the job is at fault.
SubmitReason: TypeAlias = Literal["alreadyQueued", "unsettled", "temporary", "unusable", "invalid"]
State: TypeAlias = Literal["new", "scheduled", "retry", "cur", "hold", "done", "dead"]

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_UNUSABLE = (
    errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL,
)
_INVISIBLE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP)


class SubmitError(Exception):
    """Why a job was not queued, or that it may be."""

    def __init__(
        self, reason: SubmitReason, message: str, id: Optional[str] = None, *, pointer: Optional[str] = None,
        code: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.id = id  # Of alreadyQueued and unsettled: the job's.
        self.pointer = pointer  # Of invalid: the place in the job (RFC 6901), "" for all of it, "id" for the id.
        self.code = code  # What the system said: "ENOSPC" for a full disk.


class Draft:
    """A job that is on disk and not queued yet. Left, as by a with statement, it removes itself."""

    def __init__(self, path: str, id: str, data: bytes, is_chosen: bool) -> None:
        self.id = id
        self._is_chosen = is_chosen
        self._path, self._tmp = path, f"{path}/tmp/{random_digits(20)}"
        self._file, self._is_in_tmp = -1, False
        try:
            # In a drop box the daemon, which owns it, has to read the file.
            mode = 0o600 if os.stat(f"{path}/new").st_uid == os.geteuid() else 0o604
            self._file = os.open(
                self._tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            self._is_in_tmp = True
            os.fchmod(self._file, mode)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest):]
            os.fsync(self._file)
        except OSError as error:
            self.discard()
            raise fault(error, "create", id) from error

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *error: object) -> None:
        self.discard()

    def publish(self) -> str:
        """Queues the job and returns its id; on disk on return."""
        directory = open_new(self._path)
        try:
            self.rename()
            self.settle(directory)
        finally:
            if directory != -1:
                os.close(directory)
        return self.id

    def rename(self) -> None:
        """Queues the job, which is on disk once settle() was called."""
        step = "publish"
        try:
            if self._is_chosen:
                os.link(self._tmp, f"{self._path}/new/{self.id}")  # Unlike rename, it refuses a name that is taken.
                step = "settle"
                os.unlink(self._tmp)
            else:
                os.rename(self._tmp, f"{self._path}/new/{self.id}")
            self._is_in_tmp = False
        except OSError as error:
            self.discard()
            raise fault(error, step, self.id) from error

    def settle(self, directory: int) -> None:
        """Waits until the rename is on disk: its directory, or on ext4, XFS and btrfs its file again."""
        try:
            os.fsync(self._file if directory == -1 else directory)
        except OSError as error:
            raise fault(error, "settle", self.id) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Removes a job that was not published."""
        if self._is_in_tmp:
            self._is_in_tmp = False
            try:
                os.unlink(self._tmp)
            except OSError:
                pass  # What is left in tmp/ is harmless; the daemon clears it.
        if self._file != -1:
            os.close(self._file)
            self._file = -1


def settle_all(drafts: list[Draft], directory: int) -> list[Optional[SubmitError]]:
    """Waits until the renames of all are on disk, with one fsync(2) of the directory where it can be read."""
    results: list[Optional[SubmitError]] = []
    shared: Optional[OSError] = None
    for draft in drafts:
        try:
            if directory == -1:
                os.fsync(draft._file)
            elif not results:
                os.fsync(directory)
            elif shared is not None:
                raise shared
            results.append(None)
        except OSError as error:
            shared = error
            results.append(fault(error, "settle", draft.id))
        finally:
            draft.discard()
    return results


def open_new(path: str) -> int:
    """Opens new/ for its fsync(2); -1 in a drop box: its producers add to it and cannot read it."""
    try:
        return os.open(f"{path}/new", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return -1
    except OSError as error:
        raise fault(error, "create", "") from error


def fault(error: OSError, step: str, id: str) -> SubmitError:
    """Makes an error of the submission of one of the system at a step of it."""
    code = errno.errorcode.get(error.errno or 0)
    if step == "publish" and error.errno == errno.EEXIST:
        return SubmitError("alreadyQueued", f"{id} is already queued", id, code=code)
    if step == "settle":
        return SubmitError("unsettled", f"{id} may be queued or not: {error}", id, code=code)
    return SubmitError("unusable" if error.errno in _UNUSABLE else "temporary", str(error), code=code)


def find(path: str, id: str) -> Optional[tuple[State, bytes]]:
    """Looks for the file of a job in all states of a spool; None if it is not there, or not for this user to see."""
    # A job that moves meanwhile is met further on, or again in new/.
    for directory in ("new", "scheduled", "retry/*", "hold", "cur/*", "done/*", "dead", "new"):
        state, _, is_parent = directory.partition("/")
        try:
            names = [f"{state}/{name}" for name in os.listdir(f"{path}/{state}")] if is_parent else [state]
        except OSError as error:
            if error.errno not in _INVISIBLE:
                raise fault(error, "create", id) from error
            continue
        for name in names:
            try:
                with open(f"{path}/{name}/{id}", "rb", opener=_open_nonblocking) as file:
                    return state, file.read()  # type: ignore[return-value]
            except OSError as error:
                if error.errno not in _INVISIBLE:
                    raise fault(error, "create", id) from error
    return None


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)


def read_job(file: bytes) -> tuple[Any, list[dict[str, Any]]]:
    """Reads a job file: its object, and the events of its history; lines that do not parse are left out."""
    text = file.decode(errors="replace")
    try:
        value, end = json.JSONDecoder(parse_float=lambda number: ("number", number)).raw_decode(text)
    except ValueError:
        return None, []
    events: list[dict[str, Any]] = []
    for line in text[end:].split("\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return value, events


def is_same(one: Any, other: Any, is_masked: bool = False) -> bool:
    """Tells whether two JSON values are the same, members in any order; `is_masked`: "***" stands for any secret."""
    if is_masked and isinstance(one, str) and one == "***":
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name], is_masked) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(is_same(a, b, is_masked) for a, b in zip(one, other))
    return bool(one == other)


def new_id() -> str:
    """Makes an id: the time, and ten random characters."""
    return time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + random_digits(10)


def random_digits(count: int) -> str:
    """Makes random digits and small letters."""
    return "".join(secrets.choice(_DIGITS) for _ in range(count))
