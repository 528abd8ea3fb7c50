"""What only the organizers' keys can add to a certificate: the signatures, and the sealed document.

It needs no database and no network (but for a time stamp in the seal), so it runs on the organizers' own machine. ``finish``
does all of it with a key at hand; with a key on a token or behind a passphrase, ssh-keygen makes the two signatures and
``go_on`` puts the rest around them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.certificates import printing, seals
from service.errors import Misconfigured, Unproven
from service.proof import certificate as proof
from service.proof.canonical import sha256

Sign = Callable[[str, bytes], bytes]
"""Signs a file of the bundle, by its name and content: the bytes of its ``.sig``."""

LATER = ("certificate.json.sig", "certificate.pdf", "SHA256SUMS", "SHA256SUMS.sig")


def finish(files: Mapping[str, bytes], key: Ed25519PrivateKey, seal: seals.Seal | None, *, tsa_url: str = "") -> dict[str, bytes]:
    """The files with both signatures, and with the sealed PDF when there is a ``seal`` with its key."""
    return go_on(files, lambda _, content: proof.ssh_sign(content, key), seal, tsa_url=tsa_url)


def go_on(files: Mapping[str, bytes], sign: Sign, seal: seals.Seal | None, *, tsa_url: str = "") -> dict[str, bytes]:
    """The files finished by ``sign``, beginning anew. Raises ``Unproven`` when ``sign`` signs with another key than announced."""
    done = {path: content for path, content in files.items() if path not in LATER}
    _, announced = proof.parse_allowed_signers(done["allowed_signers"])

    def add(path: str) -> None:
        done[f"{path}.sig"] = sign(path, done[path])
        proof.ssh_verify(done[path], done[f"{path}.sig"], announced)

    add("certificate.json")
    if seal is not None and (seal.key or seal.token):
        certificate = printing.read(done["certificate.json"])
        if certificate["keys"].get("pdf_seal") not in (None, seal.fingerprint):
            raise Unproven("pdf-seal-unknown", "certificate.json announces another seal than the key that is here")
        document = printing.document(done)
        reason = f"{sha256(done['certificate.json']).hex()}"
        done["certificate.pdf"] = seals.seal(document, seal, issuer=certificate["issuer"]["name"], reason=reason, tsa_url=tsa_url)
    done["SHA256SUMS"] = proof.sums_of(done)
    add("SHA256SUMS")
    return done


def by_ssh_keygen(key: Path, namespace: str = proof.NAMESPACE) -> Sign:
    """Signs with ssh-keygen: any key that it can use, on a token (touch it), in an agent, or behind a passphrase (it asks)."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise Misconfigured(["ssh-keygen is not on this machine"])

    def sign(path: str, content: bytes) -> bytes:
        with tempfile.TemporaryDirectory(prefix="libertas-sign-") as folder:
            file = Path(folder) / "file"
            file.write_bytes(content)
            done = subprocess.run([program, "-Y", "sign", "-f", str(key), "-n", namespace, str(file)], check=False)  # noqa: S603
            made = file.with_name("file.sig")
            if done.returncode or not made.is_file():
                raise Misconfigured([f"ssh-keygen did not sign {path}"])
            return made.read_bytes()

    return sign
