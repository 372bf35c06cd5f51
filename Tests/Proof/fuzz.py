#!/usr/bin/env python3
"""Throws made-up inputs at everything that reads what others wrote, with AddressSanitizer looking on.

    fuzz.py [--seconds N] [--only NAME,NAME] [--jobs N]     builds the targets, runs each for N seconds (20)
    fuzz.py --runs N ...                                    N inputs each, the same ones each time: for what was broken
                                                            since, as the other form is for what is not known
    fuzz.py --optional ...                                  where it cannot, says so and exits with 0

The targets are in Tests/Fuzz: what each holds beyond "does not crash" is said there. Seeds are Tests/Fuzz/Seeds and,
where they are, the conformance tests of Mustache and JSON Schema (OUTSPOOL_CONFORMANCE). What libFuzzer learns stays
in .build/fuzz/corpus and is where the next run begins. An input that breaks a promise is kept in .build/fuzz/findings;
to see it again:

    OUTSPOOL_FUZZ_TARGET=NAME .build/fuzz/outspool-fuzz .build/fuzz/findings/NAME-crash-…
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRATCH = ROOT / ".build" / "fuzz"
BINARY = SCRATCH / "outspool-fuzz"
SEEDS = ROOT / "Tests" / "Fuzz" / "Seeds"
# Inputs longer than that show nothing that shorter ones do not, and take longer.
LENGTH = {"default": 2048, "feedback": 6000, "reply": 12000, "names": 300, "time": 100, "pattern": 500}


def can():
    """Whether swiftc comes with libFuzzer."""
    swiftc = shutil.which("swiftc")
    if not swiftc:
        return False
    runtime = pathlib.Path(os.path.realpath(swiftc)).parent.parent / "lib" / "swift" / "clang" / "lib"
    return bool(list(runtime.glob("**/*clang_rt.fuzzer*")))


def build():
    options = ["-Xswiftc", "-sanitize=fuzzer,address", "-Xswiftc", "-enable-testing"]
    subprocess.run(
        ["swift", "build", "-c", "release", "--scratch-path", SCRATCH, "--product", "Fuzz", *options], cwd=ROOT,
        env={**os.environ, "OUTSPOOL_FUZZ": "1"}, check=True, stdout=sys.stderr)
    libraries = subprocess.run(
        ["pkg-config", "--libs", "libcurl", "libidn2"], check=True, stdout=subprocess.PIPE, text=True)
    subprocess.run(
        ["swiftc", "-use-ld=lld", "-sanitize=fuzzer,address", SCRATCH / "release" / "libFuzz.a",
            *libraries.stdout.split(), "-o", BINARY], check=True, stdout=sys.stderr)


def targets():
    listed = subprocess.run(
        [BINARY, "-runs=0"], env={**os.environ, "OUTSPOOL_FUZZ_TARGET": "list"}, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    return listed.stdout.split()


def conformance(name):
    """Seeds from the specifications' own tests, where those are."""
    folder = pathlib.Path(os.environ.get("OUTSPOOL_CONFORMANCE", ROOT.parent / "shared" / "conformance"))
    if name == "mustache":
        for file in sorted(folder.glob("mustache/*.json")):
            for test in json.loads(file.read_text())["tests"]:
                partial = next(iter(test.get("partials", {}).values()), "")
                yield "\0".join([test["template"], partial, json.dumps(test["data"])])
    elif name == "schema":
        for file in sorted(folder.glob("json-schema/**/*.json")):
            for group in json.loads(file.read_text()):
                for test in group["tests"][:2]:
                    yield "\0".join([json.dumps(group["schema"]), json.dumps(test["data"])])
    elif name == "pattern":
        for file in sorted(folder.glob("json-schema/**/pattern.json")):
            for group in json.loads(file.read_text()):
                for test in group["tests"]:
                    if isinstance(test["data"], str):
                        yield "\0".join([group["schema"].get("pattern", ""), test["data"]])


def own(name):
    """The project's files that the target's code reads in earnest."""
    patterns = {
        "configuration": ["etc/outspool.conf"], "template-conf": ["etc/templates/*/template.conf"],
        "html": ["etc/templates/*/html.mustache"], "mustache": ["etc/templates/**/*.mustache"],
        "schema": ["etc/templates/*/schema.json"], "json": ["etc/templates/*/*.json"]}
    for pattern in patterns.get(name, []):
        for file in sorted(ROOT.glob(pattern)):
            yield file.read_bytes()


def gather(name, into):
    """Writes the target's seeds; in Seeds/NAME, one on each line, with the escapes of a string of Python."""
    into.mkdir(parents=True, exist_ok=True)
    seeds = [text.encode() for text in conformance(name)] + list(own(name))
    written = SEEDS / name
    if written.exists():
        for line in written.read_text().splitlines():
            seeds.append(line.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("utf-8"))
    for index, seed in enumerate(seeds):
        (into / f"{index:04}").write_bytes(seed)


def fixed():
    """The start of a command that has the same addresses each time, as far as this machine can do that."""
    command = ["setarch", "-R"]
    able = shutil.which(command[0]) and subprocess.run([*command, "true"], check=False).returncode == 0
    return command if able else []


def run(name, seconds, runs, prefix):
    """Runs a target; returns its output, its status, and how many inputs it has taken."""
    corpus, seeds = SCRATCH / "corpus" / name, SCRATCH / "seeds" / name
    findings = SCRATCH / "findings"
    shutil.rmtree(seeds, ignore_errors=True)
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    gather(name, seeds)
    options = [
        *(["-seed=1", f"-runs={runs}"] if runs else [f"-max_total_time={seconds}"]), f"-max_len={LENGTH.get(name, LENGTH['default'])}", "-timeout=10",
        "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-"]
    words = SEEDS / f"{name}.dict"
    if words.exists():
        options.append(f"-dict={words}")
    process = subprocess.run(
        [*prefix, BINARY, *options, *([] if runs else [corpus]), seeds], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        # Swift's own report of a crash would run beside the sanitizer's.
        env={**os.environ, "OUTSPOOL_FUZZ_TARGET": name, "SWIFT_BACKTRACE": "enable=no",
            **({"SWIFT_DETERMINISTIC_HASHING": "1"} if runs else {})})
    output = process.stdout.decode("utf-8", "replace")
    count = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    cover = re.findall(r"cov: (\d+)", output)
    return output, process.returncode, int(count.group(1)) if count else 0, int(cover[-1]) if cover else 0


def main():
    parser = argparse.ArgumentParser(description="Fuzzes whatever reads what others wrote.")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--runs", type=int, default=0, help="so many inputs for each target, always the same")
    parser.add_argument("--only", default="", help="targets, with commas between them")
    parser.add_argument("--jobs", type=int, default=1, help="how many targets run at a time")
    parser.add_argument("--optional", action="store_true", help="no failure where swiftc has no libFuzzer")
    arguments = parser.parse_args()
    if not can():
        print(f"fuzz: {'skipped: ' if arguments.optional else ''}this swiftc has no libFuzzer", file=sys.stderr)
        return 0 if arguments.optional else 69
    start = time.monotonic()
    build()
    print(f"built in {time.monotonic() - start:.0f} s", flush=True)
    chosen = [name for name in targets() if not arguments.only or name in arguments.only.split(",")]
    if not chosen:
        print("fuzz: no such target", file=sys.stderr)
        return 64
    # Addresses, and the seeds of hashes, that change would lead elsewhere each time.
    prefix = fixed() if arguments.runs else []
    total, broken = 0, []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for name, result in zip(chosen, pool.map(lambda name: run(name, arguments.seconds, arguments.runs, prefix), chosen)):
            output, status, count, cover = result
            total += count
            print(f"{name:15} {count:9} executions  {cover:6} edges" + ("" if status == 0 else "  BROKEN"), flush=True)
            # A run that executed nothing shows nothing.
            if status != 0 or count < 100:
                broken.append(name)
                print("\n".join(output.splitlines()[-60:]), flush=True)
    print(f"fuzz: {len(chosen)} targets, {total} executions, {len(broken)} broken {' '.join(broken)}".rstrip())
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
