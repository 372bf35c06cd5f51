"""Postfix in an instance of its own: configuration, queue and ports are the benchmark's, and it ends with it.

It is given what its documentation (TUNING_README) advises for throughput to one relay: as many parallel deliveries as
ours has connections, connections that are kept, no delay of its own at the entrance, no look-ups in the DNS. Its log goes
to a file through postlogd, as ours goes to a file.
"""
import os
import pwd
import subprocess

from place import Failed, NotMeasured, connects, free_port, wait

MAIN = """compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/queue/mail.log
maillog_file_prefixes = {directory}
myhostname = bench.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:{relay}
smtp_connection_cache_destinations = [127.0.0.1]:{relay}
default_destination_concurrency_limit = 50
initial_destination_concurrency = 50
in_flow_delay = 0
qmgr_clog_warn_time = 0
"""

MASTER = """127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Running, and delivering to a port of this machine; `more` goes to the end of its main.cf."""

    def __init__(self, place, relay, more=""):
        self.place = place
        place.peer("postfix")
        if os.getuid() != 0:
            raise NotMeasured("Postfix starts as root only")
        self.directory = place.path("postfix")
        self.configuration = os.path.join(self.directory, "conf")
        self.port = free_port()
        for name in ("conf", "queue", "data"):
            os.makedirs(os.path.join(self.directory, name))
        os.chown(os.path.join(self.directory, "data"), pwd.getpwnam("postfix").pw_uid, 0)
        for name, text in (("main.cf", MAIN + more), ("master.cf", MASTER)):
            with open(os.path.join(self.configuration, name), "w") as file:
                file.write(text.format(directory=self.directory, relay=relay, port=self.port))
        place.processes.append(self)
        self.run("postfix", "start")
        self.is_running = True
        wait(lambda: connects(self.port), "Postfix")

    def run(self, program, *arguments):
        run = subprocess.run(
            [self.place.peer(program), "-c", self.configuration, *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120)
        if run.returncode:
            raise Failed(f"{program} {' '.join(arguments)}: {run.stdout}")

    def rest(self):
        """Ends its services; sendmail(1) queues without them."""
        self.run("postfix", "stop")
        self.is_running = False

    def hold(self):
        """What comes in from now on is deferred at once, without an attempt."""
        self.run("postconf", "-e", "defer_transports = smtp")
        self.run("postfix", "reload")

    def let_go(self):
        """What comes in from now on is delivered; what is deferred waits for ``flush``."""
        self.run("postconf", "-e", "defer_transports =")
        self.run("postfix", "reload")

    def flush(self):
        self.run("postqueue", "-f")

    def wait_until_deferred(self, count):
        wait(lambda: self.waiting("deferred") >= count, f"{count} deferred mails in Postfix's queue", 300, pause=0.1)

    def waiting(self, *queues):
        """How many messages lie in its queues of those names."""
        return sum(
            len(files) for queue in queues
            for _, _, files in os.walk(os.path.join(self.directory, "queue", queue)))

    def wait_until_empty(self):
        wait(lambda: self.waiting("maildrop", "incoming", "active", "deferred") == 0, "Postfix's queue", 300, pause=0.1)

    # What Place asks of a process.

    def poll(self):
        return None

    def send_signal(self, _):
        if self.is_running:
            self.rest()

    def wait(self, _=None):
        subprocess.run(["rm", "-rf", self.directory], check=True)

    def kill(self):
        self.run("postfix", "abort")
