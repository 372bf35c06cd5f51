#!/usr/bin/env python3
"""Prints what is linked into the programs and bundled with them, as CycloneDX 1.6, made and validated by cyclonedx-python-lib.

    sbom.py WORK VERSION COMMIT SWIFT-VERSION LICENSES

WORK is the directory of etc/dist/build: static/*.log have the linker's --trace, `libraries` the paths of shared libraries.
Each file of the system is one of a Debian package; its copyright file is copied to LICENSES.
"""
import datetime
import os
import re
import shutil
import subprocess
import sys
import uuid

from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.contrib.license.factories import LicenseFactory
from packageurl import PackageURL


def archives(work):
    """The programs by the archives and objects of the system that the linker took."""
    found = {}
    for name in sorted(os.listdir(os.path.join(work, "static"))):
        if not name.endswith(".log"):
            continue
        with open(os.path.join(work, "static", name), errors="replace") as log:
            for path in re.findall(r"(?:^|[\s(])(/[^\s()]*?\.(?:a|o))\b", log.read()):
                found.setdefault(os.path.realpath(path), set()).add(name.removesuffix(".log"))
    return found


def package(path):
    """The Debian package, its version, its source and its architecture; None for a file that no package has."""
    real = os.path.realpath(path)
    for name in (real, real.removeprefix("/usr")):
        ran = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
        if ran.returncode == 0:
            package = ran.stdout.split(": ")[0]
            text = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${source:Package}\t${Architecture}", package],
                capture_output=True, text=True, check=True).stdout
            return tuple(text.split("\t"))
    return None


def component(kind, name, version, purl, licence=None, **properties):
    made = Component(type=kind, name=name, version=version, purl=purl, bom_ref=purl.to_string())
    if licence:
        made.licenses = [LicenseFactory().make_from_string(licence)]
    made.properties = [Property(name=f"outspool:{key}", value=value) for key, value in sorted(properties.items()) if value]
    return made


def main():
    work, version, commit, swift, licences = sys.argv[1:]
    linked, packages, is_swift = archives(work), {}, set()
    for path, programs in linked.items():
        if re.search(r"/usr/lib/(swift_static|swift|clang)/", path):
            is_swift |= programs
        elif path.startswith(("/usr/", "/lib")) and (found := package(path)):
            packages.setdefault(found, {"linked": set(), "bundled": set()})["linked"] |= programs
    with open(os.path.join(work, "libraries")) as lines:
        for path in lines.read().split():
            found = package(path)
            if not found:
                sys.exit(f"{path} is of no Debian package")
            packages.setdefault(found, {"linked": set(), "bundled": set()})["bundled"].add(os.path.basename(path))
    if not is_swift or not any(of["linked"] for of in packages.values()):
        sys.exit("the linker's trace names nothing: what is linked is not known")
    moment = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"outspool/{version}/{commit}"))
    bom.metadata.timestamp = moment
    root = component(ComponentType.APPLICATION, "outspool", version, PackageURL("generic", name="outspool", version=version), "MIT", commit=commit)
    bom.metadata.component = root
    parts = [component(
        ComponentType.LIBRARY, "swift-runtime", swift, PackageURL("github", "swiftlang", "swift", f"swift-{swift}-RELEASE"),
        "Apache-2.0 WITH Swift-exception", linked=" ".join(sorted(is_swift)))]
    with open("/etc/os-release") as lines:
        release = dict(re.findall(r'^(\w+)="?([^"\n]*)', lines.read(), re.M))
    os.makedirs(licences, exist_ok=True)
    for (name, number, source, architecture), of in sorted(packages.items()):
        purl = PackageURL("deb", release["ID"], name, number, {"arch": architecture, "distro": f'{release["ID"]}-{release["VERSION_ID"]}'})
        parts.append(component(
            ComponentType.LIBRARY, name, number, purl, source=source, linked=" ".join(sorted(of["linked"])),
            bundled=" ".join(sorted(of["bundled"]))))
        shutil.copyfile(f"/usr/share/doc/{name}/copyright", os.path.join(licences, name))
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(root, parts)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    if (error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
        sys.exit(f"not valid: {error}")
    print(text)


if __name__ == "__main__":
    main()
