"""What the figures depend on: machine, filesystem, versions."""
import os
import platform
import subprocess


def describe(place):
    """A table of names and texts."""
    return {
        "machine": f"{processor()}, {os.cpu_count()} cores, {memory()} MiB, load {os.getloadavg()[0]:.2f} at the start",
        "system": f"{distribution()}, Linux {platform.release()}",
        "filesystem": filesystem(place.directory),
        "outspool": first_line(place.program("outspool"), "--version") + revision(),
        "Postfix": first_line("/usr/sbin/postconf", "-dh", "mail_version"),
        "nullmailer": first_line("apt-cache", "policy", "nullmailer", line=2).replace("Candidate:", "").strip(),
        "compiler": first_line("gcc", "--version"),
    }


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory():
    with open("/proc/meminfo") as file:
        return int(file.readline().split()[1]) // 1024


def distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "an unknown distribution"


def filesystem(path):
    """Type, device and options of what the spools lie on."""
    best = ("", "", "", "")
    with open("/proc/mounts") as file:
        for line in file:
            device, point, kind, options = line.split()[:4]
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[1]):
                best = (device, point, kind, options)
    note = "; a memory filesystem: durability costs nothing here" if best[2] in ("tmpfs", "ramfs") else ""
    return f"{best[2]} on {best[0]} ({best[3]}){note}"


def first_line(*command, line=0):
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=20)
        return run.stdout.splitlines()[line].strip()
    except (OSError, IndexError, subprocess.SubprocessError):
        return "not installed"


def revision():
    found = first_line("git", "-C", os.path.dirname(os.path.abspath(__file__)), "describe", "--always", "--dirty")
    return "" if found == "not installed" else f", {found}"
