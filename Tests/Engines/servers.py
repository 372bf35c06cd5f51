"""The engines, each a real server that a test starts in a directory of its own, kills and starts again."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "etc", "pump")
# What neither Debian nor this machine has comes from PyPI, see run.
VENV = os.path.join(HERE, "..", "..", ".build", "engines-venv", "bin")


class Missing(Exception):
    """Why an engine cannot be tested on this machine."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tool(name, *places):
    """The path of a program, or Missing."""
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *places]))
    if not found:
        raise Missing(f"{name} is not installed")
    return found


def eventually(what, step, limit=60):
    """Repeats a step until it raises nothing, and returns its result."""
    end = time.monotonic() + limit
    while True:
        try:
            return step()
        except Exception as error:
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: {error}") from error
            time.sleep(0.1)


class Server:
    """What the engines share. A subclass has ``command``, ``connect`` and the queue."""
    # Whether it keeps what it accepted when it is killed.
    survives = True
    # The user that it runs as where this test is root.
    user = None

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.process = None
        self.prepare()

    def prepare(self):
        pass

    def run(self, command, **options):
        return subprocess.run(self.as_user(command), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              **options)

    def as_user(self, command):
        if self.user and os.getuid() == 0:
            return ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", *command]
        return command

    def start(self):
        with open(os.path.join(self.directory, "server.log"), "ab") as log:
            self.process = subprocess.Popen(
                self.as_user(self.command()), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={**os.environ, **self.environment()}, cwd=self.directory)
        eventually(f"{type(self).__name__} does not answer", self.connect)

    def environment(self):
        return {}

    def kill(self):
        """At once, with all that it started."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def source(self, node):
        """The configuration of a node's pump: the lines, and the environment."""
        name = type(self).__name__.lower()
        path = os.path.join(SOURCES, name)
        return f"take = {path} take\nack = {path} ack\n", {"NODE": f"node{node}", "LEASE": "15"}


class Redis(Server):
    def prepare(self):
        tool("redis-cli")
        self.program = tool("redis-server")

    def command(self):
        return [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.directory, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always"]

    def cli(self, *words, **options):
        return subprocess.run(["redis-cli", "-e", "-p", str(self.port), *words], check=True, capture_output=True,
                              **options).stdout.decode()

    def connect(self):
        if self.cli("PING").strip() != "PONG":
            raise RuntimeError("it loads")

    def fill(self, messages):
        # In the protocol of Redis, which redis-cli --pipe passes on.
        out = []
        for name, job in messages:
            words = [b"XADD", b"mail", b"*", b"id", name.encode(), b"job", job]
            out.append(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        subprocess.run(["redis-cli", "-p", str(self.port), "--pipe"], input=b"".join(out), check=True,
                       stdout=subprocess.DEVNULL)

    def left(self):
        return int(self.cli("XLEN", "mail"))

    def source(self, node):
        lines, environment = super().source(node)
        return lines, {**environment, "REDIS_URL": f"redis://127.0.0.1:{self.port}", "WAIT": "500"}


class PostgreSQL(Server):
    user = "postgres"

    def prepare(self):
        base = "/usr/lib/postgresql"
        versions = sorted(os.listdir(base), key=float) if os.path.isdir(base) else []
        if not versions:
            raise Missing("postgresql is not installed")
        self.bin = f"{base}/{versions[-1]}/bin"
        tool("psql")
        if subprocess.run(["/usr/bin/python3", "-c", "import psycopg2"], stderr=subprocess.DEVNULL).returncode:
            raise Missing("python3-psycopg2 is not installed")
        self.data = os.path.join(self.directory, "data")
        os.makedirs(self.data, mode=0o700)
        if os.getuid() == 0:
            shutil.chown(self.data, self.user, self.user)
            shutil.chown(self.directory, self.user, self.user)
        self.run([f"{self.bin}/initdb", "-D", self.data, "-A", "trust", "-U", "postgres"], cwd=self.directory)

    def command(self):
        return [f"{self.bin}/postgres", "-D", self.data, "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
                "-c", f"unix_socket_directories={self.directory}"]

    def variables(self):
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGDATABASE": "postgres"}

    def sql(self, text):
        return subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1"], input=text.encode(), check=True,
                              capture_output=True, env={**os.environ, **self.variables()}).stdout.decode()

    def connect(self):
        self.sql("SELECT 1")

    def make_table(self):
        with open(os.path.join(SOURCES, "postgresql.sql")) as file:
            self.sql(file.read())

    def fill(self, messages):
        if self.sql("SELECT to_regclass('outspool_outbox')").strip() == "":
            self.make_table()
        rows = "".join(f"{name}\t{job.decode()}\n" for name, job in messages).replace("\\", "\\\\")
        self.sql(f"COPY outspool_outbox (id, job) FROM STDIN;\n{rows}\\.\n")

    def left(self):
        return int(self.sql("SELECT count(*) FROM outspool_outbox"))

    def source(self, node):
        return f"take = {SOURCES}/postgresql\n", {"NODE": f"node{node}", "LEASE": "15", **self.variables()}


class MySQL(Server):
    def prepare(self):
        tool("mariadb")
        self.program = tool("mariadbd")
        self.socket = os.path.join(self.directory, "socket")
        owner = ["--user=root"] if os.getuid() == 0 else []
        self.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.directory}/data", *owner,
                  "--auth-root-authentication-method=normal"])

    def command(self):
        owner = ["--user=root"] if os.getuid() == 0 else []
        return [self.program, "--no-defaults", f"--datadir={self.directory}/data", f"--socket={self.socket}",
                "--skip-networking", f"--pid-file={self.directory}/pid", *owner]

    def sql(self, text):
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", "-u", "root", "-BNr", "shop"], input=text.encode(),
            check=True, capture_output=True).stdout.decode()

    def connect(self):
        subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "-u", "root", "-e",
                        "CREATE DATABASE IF NOT EXISTS shop"], check=True, capture_output=True)

    def fill(self, messages):
        if not self.sql("SHOW TABLES").strip():
            with open(os.path.join(SOURCES, "mysql.sql")) as file:
                self.sql(file.read())
        for start in range(0, len(messages), 1000):
            values = ",".join("('%s','%s')" % (name, job.decode().replace("\\", "\\\\").replace("'", "''"))
                              for name, job in messages[start:start + 1000])
            self.sql(f"INSERT INTO outspool_outbox (id, job) VALUES {values}")

    def left(self):
        return int(self.sql("SELECT count(*) FROM outspool_outbox"))

    def source(self, node):
        lines, environment = super().source(node)
        options = os.path.join(self.directory, "client.cnf")
        with open(options, "w") as file:
            file.write(f"[client]\nsocket = {self.socket}\nuser = root\n")
        return lines, {**environment, "DATABASE": "shop", "MYSQL_OPTIONS": options}


class RabbitMQ(Server):
    def prepare(self):
        self.program = tool("rabbitmq-server", "/usr/lib/rabbitmq/bin")
        if os.path.exists("/usr/lib/rabbitmq/bin/rabbitmq-server"):
            # The other one changes the user.
            self.program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        self.epmd_port, self.dist_port = free_port(), free_port()
        self.epmd = None
        try:
            import pika
        except ImportError as error:
            raise Missing("python3-pika is not installed") from error
        self.pika = pika

    def environment(self):
        base = self.directory
        return {
            "RABBITMQ_NODENAME": f"pump{self.port}@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": f"{base}/mnesia", "RABBITMQ_LOG_BASE": f"{base}/log", "HOME": base,
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{base}/plugins", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{base}/config", "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-setcookie pump -start_epmd false"}

    def command(self):
        return [self.program]

    def start(self):
        if not self.epmd:
            self.epmd = subprocess.Popen(["epmd", "-port", str(self.epmd_port), "-address", "127.0.0.1"],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        super().start()

    def end(self):
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()

    @property
    def url(self):
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def channel(self):
        connection = self.pika.BlockingConnection(self.pika.URLParameters(self.url))
        channel = connection.channel()
        return connection, channel

    def connect(self):
        connection, channel = self.channel()
        channel.queue_declare("mail", durable=True)
        connection.close()

    def fill(self, messages):
        connection, channel = self.channel()
        channel.confirm_delivery()
        for name, job in messages:
            channel.basic_publish("", "mail", job, self.pika.BasicProperties(message_id=name, delivery_mode=2))
        connection.close()

    def left(self):
        connection, channel = self.channel()
        count = channel.queue_declare("mail", durable=True, passive=True).method.message_count
        connection.close()
        return count

    def source(self, node):
        return f"take = {SOURCES}/rabbitmq\n", {"AMQP_URL": self.url}


class NATS(Server):
    def prepare(self):
        self.program = tool("nats-server")
        self.python = os.path.join(VENV, "python3")
        if subprocess.run([self.python, "-c", "import nats"], stderr=subprocess.DEVNULL).returncode if os.path.exists(
                self.python) else True:
            raise Missing("nats-py could not be installed from PyPI")

    def command(self):
        with open(os.path.join(self.directory, "nats.conf"), "w") as file:
            file.write(f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{self.directory}/store", '
                       "max_file_store: 1073741824, max_memory_store: 67108864 }\n")
        return [self.program, "-c", os.path.join(self.directory, "nats.conf")]

    def script(self, text, data=b""):
        program = ("import asyncio, json, sys, nats\nfrom nats.js.api import *\nasync def main():\n"
                   f"    nc = await nats.connect('nats://127.0.0.1:{self.port}', allow_reconnect=False, connect_timeout=2)\n"
                   "    js = nc.jetstream()\n" + "".join(f"    {line}\n" for line in text.split("\n"))
                   + "    await nc.close()\nasyncio.run(main())\n")
        return subprocess.run([self.python, "-c", program], input=data, check=True, capture_output=True,
                              timeout=120).stdout.decode()

    def connect(self):
        self.script("await js.add_stream(name='MAIL', subjects=['mail'])\n"
                    "await js.add_consumer('MAIL', durable_name='outspool', ack_policy=AckPolicy.EXPLICIT, ack_wait=4,"
                    " max_ack_pending=5000)")

    def fill(self, messages):
        lines = "\n".join(json.dumps([name, job.decode()]) for name, job in messages)
        self.script("for line in sys.stdin:\n    name, job = json.loads(line)\n"
                    "    await js.publish('mail', job.encode(), headers={'Nats-Msg-Id': name})", lines.encode())

    def left(self):
        return int(self.script("info = await js.consumer_info('MAIL', 'outspool')\n"
                               "print(info.num_pending + info.num_ack_pending)"))

    def source(self, node):
        return (f"take = {self.python} {SOURCES}/nats\n",
                {"NATS_URL": f"nats://127.0.0.1:{self.port}", "STREAM": "MAIL", "CONSUMER": "outspool"})


class SQS(Server):
    """moto answers in its queues' place, in memory, and slowly."""
    survives = False
    most = 2000

    def prepare(self):
        tool("jq")
        tool("curl")
        self.program = os.path.join(VENV, "moto_server")
        if not os.path.exists(self.program):
            raise Missing("moto[server] could not be installed from PyPI")

    def command(self):
        return [self.program, "-H", "127.0.0.1", "-p", str(self.port)]

    def call(self, action, body):
        out = subprocess.run(
            ["curl", "-sS", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:sqs", "--user", "key:secret", "-H",
             "Content-Type: application/x-amz-json-1.0", "-H", f"X-Amz-Target: AmazonSQS.{action}", "--data", "@-",
             f"http://127.0.0.1:{self.port}/"], input=json.dumps(body).encode(), check=True, capture_output=True)
        return json.loads(out.stdout or b"{}")

    def connect(self):
        self.url = self.call("CreateQueue", {"QueueName": "mail", "Attributes": {"VisibilityTimeout": "8"}})["QueueUrl"]

    def fill(self, messages):
        for start in range(0, len(messages), 10):
            self.call("SendMessageBatch", {"QueueUrl": self.url, "Entries": [
                {"Id": str(number), "MessageBody": job.decode(),
                 "MessageAttributes": {"id": {"DataType": "String", "StringValue": name}}}
                for number, (name, job) in enumerate(messages[start:start + 10])]})

    def left(self):
        attributes = self.call("GetQueueAttributes", {"QueueUrl": self.url, "AttributeNames": ["All"]})["Attributes"]
        return sum(int(value) for name, value in attributes.items()
                   if name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"))

    def source(self, node):
        lines, _ = super().source(node)
        return lines + "batch = 100\n", {
            "QUEUE_URL": self.url, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret", "ENDPOINT": f"http://127.0.0.1:{self.port}/", "WAIT": "1"}
