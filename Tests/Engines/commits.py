"""An application is killed around its COMMIT: each order has its mail, and no mail is without its order."""
import os
import random
import signal
import subprocess
import tempfile
import time

from nodes import Node
from place import Loss, wait_until
from servers import PostgreSQL

# Orders until it is killed: two rows, one COMMIT. The generated client makes the job.
APPLICATION = """import sys
sys.path.insert(0, sys.argv[1])
import psycopg2
from outspool import Hello, Spool

database = psycopg2.connect("")
cursor = database.cursor()
number = int(sys.argv[2])
while True:
    number += 1
    cursor.execute("INSERT INTO orders (number) VALUES (%s)", (number,))
    row = Spool.outbox_row(Hello(name=f"order {number}"), to=f"r{number}@example.com", id=f"order-{number}")
    cursor.execute("INSERT INTO outspool_outbox (id, job) VALUES (%s, %s)", row)
    print(number, flush=True)
    database.commit()
"""


def prove(options):
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="outspool-engine.") as directory:
        os.chmod(directory, 0o755)
        server = PostgreSQL(directory)
        try:
            server.start()
            server.make_table()
            server.sql("CREATE TABLE orders (number bigint PRIMARY KEY)")
            with Node(options.programs, server, 0) as node:
                return harass(server, node, directory, options.commits, chance)
        finally:
            server.kill()


def harass(server, node, directory, kills, chance):
    with open(os.path.join(directory, "app.py"), "w") as file:
        file.write(APPLICATION)
    node.write("templates/hello/schema.json",
               '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}')
    node.start_all()
    types = subprocess.run([node.program("outspool"), "--config", os.path.join(node.root, "outspool.conf"), "types",
                            "--lang", "python", "--output", directory],
                           capture_output=True)
    if types.returncode:
        raise Loss("types: " + types.stderr.decode())
    environment = {**os.environ, **server.variables()}
    number = 0
    for _ in range(kills):
        process = subprocess.Popen(["/usr/bin/python3", os.path.join(directory, "app.py"), directory, str(number)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                                   bufsize=0)
        line = process.stdout.readline()
        if not line:
            raise Loss("the application: " + process.stderr.read().decode()[-1000:])
        # Somewhere in one of the first COMMITs.
        time.sleep(chance.uniform(0, 0.004))
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        number = int((line + out).split(b"\n")[-2])
    orders = {int(line) for line in server.sql("SELECT number FROM orders").split()}
    wait_until("the outbox to be empty", lambda: server.left() == 0, limit=120, pause=0.1)
    wait_until("the mails", lambda: all(state.startswith("done/") for state, _ in node.files()), limit=120, pause=0.1)
    mails = {int(name.split("-")[1]) for name in node.ids()}
    sent = {int(to[1:].split("@")[0]) for to in node.copies()}
    if orders - sent or orders - mails:
        raise Loss(f"{len(orders - sent)} orders without mail")
    if sent - orders or mails - orders:
        raise Loss(f"{len(sent - orders)} mails without order")
    return (f"{kills} kills around COMMIT, {number} orders begun, {len(orders)} there: 0 orders without mail, "
            f"0 mails without order")
