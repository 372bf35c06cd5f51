"""Relays whose TLS or login is not what the configuration demands: none of them may get mail, or a password."""
import os
import subprocess

NAMES = {
    "expired": "a certificate of yesteryear", "early": "a certificate of next year",
    "name": "another host's certificate",
    "issuer": "a certificate of an unknown issuer", "self": "a certificate of its own", "stripped": "no STARTTLS",
    "nologin": "no AUTH", "mechanism": "no mechanism in common", "opportunistic": "no STARTTLS for an optional one",
}


def make(directory):
    """An authority that is trusted, and one certificate for each kind of trouble; see openssl(1)."""
    os.makedirs(directory)

    def openssl(*words, at=None):
        clock = ["faketime", at] if at else []
        subprocess.run(
            [*clock, "openssl", *words], cwd=directory, check=True, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ["ca", "other"]:
        openssl("req", "-x509", *key, "-days", "3650", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
                f"{name}.pem", at="2020-01-01 00:00:00")
    for name, issuer, host, at in [
        ("good", "ca", "localhost", None), ("expired", "ca", "localhost", "2021-01-01 00:00:00"),
        ("early", "ca", "localhost", "2028-01-01 00:00:00"), ("name", "ca", "mx.example.net", None),
        ("issuer", "other", "localhost", None),
    ]:
        with open(os.path.join(directory, name + ".ext"), "w") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        openssl("req", *key, "-subj", f"/CN={host}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-days", "30",
                "-set_serial", str(hash(name) % 10**9), "-extfile", f"{name}.ext", "-out", f"{name}.pem", at=at)
    openssl("req", "-x509", *key, "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", "self.key", "-out", "self.pem")


def options(name, directory):
    """What outspool-sink is told."""
    certificate = name if name in ("expired", "early", "name", "issuer", "self") else "good"
    words = ["--tls-cert", f"{directory}/{certificate}.pem", "--tls-key", f"{directory}/{certificate}.key"]
    if name == "mechanism":
        return words + ["--xoauth2", "proof:secretword"]
    words += ["--auth", "proof:secretword"]
    if name in ("stripped", "opportunistic"):
        # As a man in the middle would have it: the password may come in clear.
        words += ["--auth-without-tls", "--no-offer", "STARTTLS"]
    if name == "nologin":
        words += ["--no-offer", "AUTH"]
    return words
