"""Filesystems on loop devices whose disk can be copied in a moment, as a power cut leaves it.

    OUTER/outer.img   a sparse file, XFS with reflinks, mounted on OUTER/outer
    OUTER/outer/NAME.img   the disk of the spool, mounted on OUTER/disk
    OUTER/outer/NAME.N     what is on that disk at one moment: FICLONE, atomic, milliseconds

What the filesystem has not written to its disk is missing in the copy: this is what a power cut loses. The copy has
what the disk was given, in the order that it was given, as from a disk whose cache loses nothing.
"""
import fcntl
import os
import shutil
import subprocess
import tempfile

# linux/fs.h
FICLONE = 0x40049409
SIZE = {"ext4": "256M", "xfs": "320M", "btrfs": "512M"}
FORMAT = {
    "ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"], "btrfs": ["mkfs.btrfs", "-q", "-f"],
}
# A copy has the UUID of the original, which is not mounted at the same time.
OPTIONS = {"ext4": "loop", "xfs": "loop,nouuid", "btrfs": "loop"}


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def is_missing():
    """Why this machine cannot do it; nil if it can."""
    if os.geteuid() != 0:
        return "needs root, to mount"
    for program in ["mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "mount", "losetup", "strace"]:
        if not shutil.which(program):
            return f"{program} is not installed"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    known = open("/proc/filesystems").read().split()
    for name in FORMAT:
        if name not in known and subprocess.run(["modprobe", "-q", name], check=False).returncode != 0:
            return f"the kernel has no {name}"
    return None


class Disks:
    """The outer filesystem; with it goes everything that was mounted here."""

    def __init__(self):
        # In memory where there is room: the disk's own speed proves nothing.
        memory = "/dev/shm"
        has_room = os.path.isdir(memory) and shutil.disk_usage(memory).free > 4 << 30
        self.root = tempfile.mkdtemp(prefix="outspool-powercut.", dir=memory if has_room else None)
        os.chmod(self.root, 0o755)
        self.mounted = []

    def __enter__(self):
        try:
            image, self.outer = os.path.join(self.root, "outer.img"), os.path.join(self.root, "outer")
            run("truncate", "-s", "8G", image)
            run("mkfs.xfs", "-q", "-m", "reflink=1", image)
            self.mount(image, self.outer, "loop")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for path in list(reversed(self.mounted)):
            self.unmount(path)
        shutil.rmtree(self.root)

    def mount(self, image, path, options, kind=None):
        os.makedirs(path, exist_ok=True)
        run("mount", *(["-t", kind] if kind else []), "-o", options, image, path)
        self.mounted.append(path)

    def unmount(self, path):
        """The loop device goes with the mount."""
        if subprocess.run(["umount", path], stderr=subprocess.DEVNULL).returncode != 0:
            # A process that is ending may still have a file open there.
            run("umount", "-l", path)
        self.mounted.remove(path)

    def make(self, kind):
        """Makes and mounts the disk of the spool; returns where."""
        image = os.path.join(self.outer, kind + ".img")
        run("truncate", "-s", SIZE[kind], image)
        run(*FORMAT[kind], image)
        path = os.path.join(self.root, "disk")
        self.mount(image, path, "loop", kind)
        return path

    def copy(self, kind, number):
        """The power fails now: what is on the disk. The disk goes on."""
        copy = os.path.join(self.outer, f"{kind}.{number}")
        # What cp --reflink=always does, without the time to start it.
        with open(os.path.join(self.outer, kind + ".img"), "rb") as disk, open(copy, "wb") as file:
            fcntl.ioctl(file, FICLONE, disk.fileno())
        return copy

    def mount_copy(self, kind, copy):
        """Mounts a copy, its journal replayed, in the place of the disk."""
        path = os.path.join(self.root, "disk")
        self.mount(copy, path, OPTIONS[kind], kind)
        return path

    def forget(self, kind):
        """Removes the disk and its copies."""
        for name in os.listdir(self.outer):
            if name.startswith(kind + "."):
                os.unlink(os.path.join(self.outer, name))
