"""The command's price: `outspool submit` and `outspool --version` one after the other, beside /bin/true."""
import subprocess
import sys
import time

from bench import Bench, median

COUNT = 300

with Bench(sys.argv[1]) as bench:
    commands = {
        "true": ["/bin/true"],
        "start": [bench.program("outspool"), "--version"],
        "submit": [bench.program("outspool"), "--spool", bench.spool, "submit", "hello", "--to", "a@example.com"],
    }
    times = {name: [] for name in commands}
    for _ in range(COUNT):
        for name, command in commands.items():
            start = time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            times[name].append((time.monotonic() - start) * 1000)
    true, start, submit = (median(times[name]) for name in ("true", "start", "submit"))
    print(
        f"submit      fork, exec and exit, {COUNT} times: outspool submit {submit:.2f} ms, outspool --version {start:.2f} ms, "
        f"/bin/true {true:.2f} ms; submit costs {submit - true:.2f} ms more than nothing")
