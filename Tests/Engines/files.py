"""The engines without a server to kill: a SQLite file, and the broker that librdkafka has for tests."""
import os
import subprocess

from servers import SOURCES, Missing, Server, tool


class SQLite(Server):
    """One file has one pump."""
    nodes = 1

    def prepare(self):
        tool("sqlite3")
        self.path = os.path.join(self.directory, "shop.db")

    def start(self):
        pass

    def sql(self, text):
        return subprocess.run(["sqlite3", "-batch", "-bail", "-cmd", ".timeout 20000", self.path], input=text.encode(),
                              check=True, capture_output=True).stdout.decode()

    def fill(self, messages):
        if not os.path.exists(self.path):
            with open(os.path.join(SOURCES, "sqlite.sql")) as file:
                self.sql("PRAGMA journal_mode = wal;" + file.read())
        values = "\n".join("INSERT INTO outspool_outbox (id, job) VALUES ('%s', '%s');"
                           % (name, job.decode().replace("'", "''")) for name, job in messages)
        self.sql(f"BEGIN;\n{values}\nCOMMIT;")

    def left(self):
        return int(self.sql("SELECT count(*) FROM outspool_outbox;"))

    def source(self, node):
        lines, _ = super().source(node)
        return lines + "idle = 200ms\n", {"DATABASE": self.path}


class Kafka(Server):
    """Debian and PyPI have no Kafka server: this is the protocol's, as librdkafka has it for tests, in memory."""
    survives = False
    partitions = 3

    def prepare(self):
        tool("kcat")
        tool("jq")
        if subprocess.run(["/usr/bin/python3", "-c", "import confluent_kafka"], stderr=subprocess.DEVNULL).returncode:
            raise Missing("python3-confluent-kafka is not installed")
        self.servers = ""

    def command(self):
        return ["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "mockkafka.py"),
                os.path.join(self.directory, "brokers")]

    def connect(self):
        with open(os.path.join(self.directory, "brokers")) as file:
            self.servers = file.read()
        subprocess.run(["kcat", "-L", "-q", "-b", self.servers], check=True, capture_output=True, timeout=10)

    def fill(self, messages):
        for partition in range(self.partitions):
            part = messages[partition::self.partitions]
            text = b"".join(name.encode() + b"\x01" + job + b"\n" for name, job in part)
            subprocess.run(["kcat", "-P", "-q", "-b", self.servers, "-t", "mail", "-p", str(partition), "-K", "\\x01"],
                           input=text, check=True, capture_output=True, timeout=60)
        self.ends = [len(messages[partition::self.partitions]) for partition in range(self.partitions)]

    def left(self):
        left = 0
        for partition, end in enumerate(self.ends):
            try:
                with open(os.path.join(self.directory, f"mail-{partition}.offset")) as file:
                    left += end - int(file.read())
            except FileNotFoundError:
                left += end
        return left

    def source(self, node):
        lines, _ = super().source(node)
        return lines + "idle = 200ms\n", {"BROKERS": self.servers, "TOPIC": "mail", "PARTITIONS": str(node),
                                          "PLACES": self.directory}
