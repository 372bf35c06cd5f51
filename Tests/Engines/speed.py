"""How fast a pump brings what waits in an engine into a spool, in turns with `submit --batch` of the same jobs from a file.

No daemon drains the spool meanwhile: what is measured is the way into it. The disk is the same for both, and sets the pace.
"""
import json
import os
import subprocess
import tempfile
import time

from nodes import Node
from place import Loss, wait_until


def measure(engine, options, rounds=3):
    count = options.messages
    rates, own = [], []
    job = {"template": "hello", "to": "zoe@example.com", "params": {"name": "Zoe"}}
    with tempfile.TemporaryDirectory(prefix="outspool-engine.") as directory:
        os.chmod(directory, 0o755)
        server = engine(directory)
        try:
            server.start()
            for turn in range(rounds):
                server.fill([(f"order-{turn}-{number}", json.dumps(job).encode()) for number in range(count)])
                with Node(options.programs, server, turn, "most_waiting = 1000000\n") as node:
                    node.configure(1)
                    start = time.monotonic()
                    node.start_pump()
                    wait_until("all messages", lambda: server.left() == 0, limit=300, pause=0.05)
                    rates.append(count / (time.monotonic() - start))
                    node.stop(node.pump)
                    if len(node.names("new")) != count:
                        raise Loss(f"{len(node.names('new'))} jobs of {count} messages")
                with Node(options.programs, server, turn) as node:
                    node.configure(1)
                    lines = "".join(json.dumps({"id": f"o{number}", "job": job}) + "\n" for number in range(count))
                    start = time.monotonic()
                    subprocess.run(
                        [node.program("outspool"), "--config", os.path.join(node.root, "outspool.conf"), "submit", "--batch",
                         "-"], input=lines.encode(), check=True, stdout=subprocess.DEVNULL, env={
                             **os.environ, "OUTSPOOL_SPOOL": node.spool})
                    own.append(count / (time.monotonic() - start))
        finally:
            server.kill()
    share = sorted(rate / other for rate, other in zip(rates, own))[rounds // 2]
    return (f"{count} messages, {', '.join(f'{rate:.0f}' for rate in rates)} a second into the spool, acknowledged; in turns "
            f"submit --batch: {', '.join(f'{rate:.0f}' for rate in own)}; the median share is {share:.2f}")
