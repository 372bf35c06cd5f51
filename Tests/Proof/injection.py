"""System calls that kill, or fail: strace(1) around a program under test."""
import os
import re
import subprocess

# What changes the spool: between two of these a death finds the same disk.
CHANGING = [
    "openat", "write", "pwrite64", "writev", "fsync", "fdatasync", "sync_file_range", "rename", "renameat", "renameat2",
    "link", "linkat", "unlink", "unlinkat", "utimensat", "ftruncate", "mkdir", "mkdirat", "fchmod", "fchown", "rmdir",
]
# What only looks at it can fail, too.
LOOKING = ["read", "pread64", "getdents64", "fstat", "newfstatat", "statx", "flock", "close"]

# What each call can say when the disk is full, broken, read-only or over its quota, when permissions were
# changed, or when the process has too many files open.
ERRORS = {
    "openat": ["EMFILE", "EIO", "EACCES", "ENOSPC", "EROFS", "EDQUOT"],
    "write": ["ENOSPC", "EIO", "EDQUOT"],
    "pwrite64": ["ENOSPC", "EIO", "EDQUOT"],
    "writev": ["ENOSPC", "EIO", "EDQUOT"],
    "fsync": ["EIO", "ENOSPC", "EDQUOT"],
    "fdatasync": ["EIO", "ENOSPC", "EDQUOT"],
    "rename": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "renameat": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "renameat2": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "link": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "linkat": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "unlink": ["EIO", "EROFS", "EACCES"],
    "unlinkat": ["EIO", "EROFS", "EACCES"],
    "utimensat": ["EIO", "EROFS", "EACCES"],
    "ftruncate": ["EIO"],
    "mkdir": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "mkdirat": ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"],
    "fchmod": ["EIO", "EROFS"],
    "pread64": ["EIO"],
    "getdents64": ["EIO"],
    "fstat": ["EIO"],
    "newfstatat": ["EIO"],
}
TEXTS = {
    "EMFILE": "Too many open files", "EIO": "Input/output error", "EACCES": "Permission denied",
    "ENOSPC": "No space left on device", "EROFS": "Read-only file system", "EDQUOT": "Disk quota exceeded",
}


# Threads are followed, the programs that it runs are not: their calls are their own.
OWN = ["-f", "-b", "execve"]


def tracing(path, calls, injection=None, followed=OWN):
    """The words that put strace around a command. The command stays the child, strace its grandchild."""
    return ["strace", "-D", *followed, "-qq", *writing(path, calls, injection)]


def attaching(pid, path, calls, injection=None):
    """The words that put strace around a process that runs."""
    return ["strace", *OWN, "-p", str(pid), *writing(path, calls, injection)]


def writing(path, calls, injection):
    words = ["-y", "-s", "0", "-o", path, "-e", "trace=" + ",".join(calls)]
    return words + (["-e", "inject=" + injection] if injection else [])


class Call:
    """One call of a recording that touched the spool: the how manieth of its kind it is, and what it did."""

    def __init__(self, name, number, line, root):
        self.name, self.number, self.line = name, number, line
        # What it did, without what differs from run to run: numbers, addresses, random and generated names.
        text = line.split("(", 1)[1].replace(root, "")
        text = re.sub(r"/[0-9a-v]{12}\b|\"[0-9a-v]{12}\"|\d{8}T\d{6}Z-\w+|0x[0-9a-f]+", "*", text)
        self.signature = name + "(" + re.sub(r"\d+", "#", text)

    @property
    def errors(self):
        """The errors that it can give."""
        creates, writes = "O_CREAT" in self.line, "O_RDWR" in self.line or "O_WRONLY" in self.line
        for error in ERRORS.get(self.name, []):
            if self.name == "openat" and not creates and error in ("ENOSPC", "EDQUOT"):
                continue
            if self.name == "openat" and not writes and error == "EROFS":
                continue
            yield error


def calls_in(path, spool, worker=None):
    """The calls of a recording that touched the spool, in their order: of the process that is named, or the first."""
    counts, calls = {}, []
    worker = worker and str(worker)
    with open(path, errors="replace") as file:
        for line in file:
            match = re.match(r"(\d+) +(\w+)\(", line)
            # strace counts for each thread; the programs have one that does the work.
            worker = worker or match and match[1]
            if not match or match[1] != worker:
                continue
            name = match[2]
            counts[name] = counts.get(name, 0) + 1
            if spool in line:
                calls.append(Call(name, counts[name], line, os.path.dirname(spool)))
    return calls


def common_beginning(calls, others):
    """How many calls two recordings begin with alike."""
    for index, (one, other) in enumerate(zip(calls, others)):
        if one.signature != other.signature:
            return index
    return min(len(calls), len(others))


def injected(path):
    """The lines of the calls that were made to fail."""
    try:
        with open(path, errors="replace") as file:
            return [line.strip() for line in file if "(INJECTED)" in line]
    except FileNotFoundError:
        return []


def is_missing():
    """Why this machine cannot do it; nil if it can."""
    try:
        test = subprocess.run(
            ["strace", "-D", "-f", "-qq", "-o", os.devnull, "-e", "trace=close", "true"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError:
        return "strace(1) is not installed"
    return None if test.returncode == 0 else "strace(1) may not trace here: " + test.stderr.decode().strip()
