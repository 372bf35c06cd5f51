"""The command's price: `outspool submit` beside /bin/true, and beside the bare system calls of a submission."""
import os
import subprocess
import sys
import time

from bench import Bench, median

COUNT = 300


def bare(spool, index):
    """What no submission can do without: two waits for the disk."""
    tmp = os.path.join(spool, "tmp", f"bare{index}")
    file = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(file, b'{"template":"hello","to":"a@example.com"}\n')
    os.fsync(file)
    os.close(file)
    os.rename(tmp, os.path.join(spool, "new", f"bare{index}"))
    new = os.open(os.path.join(spool, "new"), os.O_RDONLY)
    os.fsync(new)
    os.close(new)


with Bench(sys.argv[1]) as bench:
    commands = {
        "true": lambda _: subprocess.run(["/bin/true"], check=True),
        "submit": lambda _: subprocess.run(
            [bench.program("outspool"), "--spool", bench.spool, "submit", "hello", "--to", "a@example.com"],
            stdout=subprocess.DEVNULL, check=True),
        "bare": lambda index: bare(bench.spool, index),
    }
    times = {name: [] for name in commands}
    for index in range(COUNT):
        for name, command in commands.items():
            start = time.monotonic()
            command(index)
            times[name].append((time.monotonic() - start) * 1000)
    true, submit, disk = (median(times[name]) for name in ("true", "submit", "bare"))
    print(
        f"submit      {COUNT} times, medians: outspool submit {submit:.2f} ms, /bin/true {true:.2f} ms, the bare system "
        f"calls {disk:.2f} ms; what is neither process nor disk: {submit - true - disk:.2f} ms")
