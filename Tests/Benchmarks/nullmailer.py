"""nullmailer, which delivers one mail after the other, in a directory of its own.

Its Debian package conflicts with Postfix's, so that one machine has only one of them installed. Where it is not, the package is
fetched with apt-get and unpacked here. What nullmailer's own tests set lets it run outside of its paths.
"""
import glob
import os
import shutil
import subprocess

from place import NotMeasured


class Nullmailer:
    def __init__(self, place, relay):
        self.place = place
        root = place.path("nullmailer")
        os.makedirs(root)
        self.programs = self.installed() or self.fetched(root)
        self.home = os.path.join(root, "home")
        for name in ("conf", "queue/queue", "queue/tmp", "queue/failed"):
            os.makedirs(os.path.join(self.home, name))
        os.symlink(os.path.join(self.programs, "usr/lib/nullmailer"), os.path.join(self.home, "protocols"))
        os.mkfifo(os.path.join(self.home, "queue/trigger"))
        for name, text in (
            ("conf/remotes", f"127.0.0.1 smtp port={relay}\n"), ("conf/me", "bench.example.com\n"),
            ("mailname", "bench.example.com\n"),
        ):
            with open(os.path.join(self.home, name), "w") as file:
                file.write(text)
        # With its set-user-id bit it refuses a queue that is not the installation's: a copy has none.
        queue = shutil.copyfile(os.path.join(self.programs, "usr/sbin/nullmailer-queue"), os.path.join(root, "queue"))
        os.chmod(queue, 0o755)
        self.environment = {
            "NULLMAILER_TEST_PREFIX": self.home,
            "NULLMAILER_QUEUE": queue,
        }

    @staticmethod
    def installed():
        return "/" if os.path.exists("/usr/sbin/nullmailer-send") else None

    @staticmethod
    def fetched(root):
        try:
            subprocess.run(
                ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "nullmailer"], cwd=root, check=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
            package = glob.glob(os.path.join(root, "*.deb"))[0]
            subprocess.run(["dpkg", "-x", package, root], check=True)
        except (OSError, subprocess.SubprocessError, IndexError):
            raise NotMeasured("nullmailer is not installed, and its package cannot be fetched")
        return root

    @property
    def inject(self):
        return os.path.join(self.programs, "usr/bin/nullmailer-inject")

    def start(self):
        """Starts to deliver what is queued."""
        return self.place.start(
            os.path.join(self.programs, "usr/sbin/nullmailer-send"), env=os.environ | self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
