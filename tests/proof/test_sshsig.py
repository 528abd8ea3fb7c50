"""Certificates are signed so that ssh-keygen accepts them; and we accept only what ssh-keygen would have written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import proof_reference as reference
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import sshsig

SEED = reference.CERTIFICATE_SEED
PUBLIC = sshsig.ssh_public(SEED)
DATA = "the certificate, երեք բառ\n".encode()
ARMORED = sshsig.ssh_sign(DATA, SEED)


def keygen(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *arguments], cwd=folder, input=stdin, capture_output=True, check=False)


def ssh_keygen_verifies(folder: Path, data: bytes, armored: bytes, public: str, namespace: str = sshsig.NAMESPACE) -> bool:
    (folder / "allowed_signers").write_bytes(sshsig.allowed_signers("libertas.example", public))
    (folder / "sig").write_bytes(armored)
    arguments = ["-Y", "verify", "-f", "allowed_signers", "-I", "libertas.example", "-n", namespace, "-s", "sig"]
    return keygen(folder, *arguments, stdin=data).returncode == 0


def test_ssh_keygen_accepts_our_signatures(tmp_path: Path) -> None:
    assert ssh_keygen_verifies(tmp_path, DATA, ARMORED, PUBLIC)
    assert not ssh_keygen_verifies(tmp_path, DATA + b"x", ARMORED, PUBLIC)
    assert not ssh_keygen_verifies(tmp_path, DATA, ARMORED, PUBLIC, namespace="file")


def test_we_accept_the_signatures_of_ssh_keygen_and_ours_are_the_same(tmp_path: Path) -> None:
    assert keygen(tmp_path, "-q", "-t", "ed25519", "-N", "", "-C", "levon", "-f", "key").returncode == 0
    (tmp_path / "data").write_bytes(DATA)
    assert keygen(tmp_path, "-Y", "sign", "-f", "key", "-n", sshsig.NAMESPACE, "data").returncode == 0
    public = (tmp_path / "key.pub").read_text().removesuffix(" levon\n")
    theirs = (tmp_path / "data.sig").read_bytes()
    sshsig.ssh_verify(DATA, theirs, public)
    printed = keygen(tmp_path, "-l", "-f", "key.pub").stdout.decode()
    assert sshsig.fingerprint(public) == printed.split(" ")[1]


def security_key(flags: int = 0x01) -> tuple[str, bytes]:
    """A FIDO2 key's public line and its signature over DATA, made by hand after PROTOCOL.u2f."""
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    kind, application = b"sk-ssh-ed25519@openssh.com", b"ssh:"
    blob = b"".join(map(sshsig._string, (kind, private.public_key().public_bytes_raw(), application)))
    tail = bytes([flags]) + (7).to_bytes(4, "big")
    signed = reference.sha(application) + tail + reference.sha(sshsig._signed(DATA, sshsig.NAMESPACE))
    signature = sshsig._string(kind) + sshsig._string(private.sign(signed)) + tail
    return f"{kind.decode()} {reference.b64(blob)}", sshsig._armor(blob, sshsig.NAMESPACE, signature)


def test_a_security_keys_signature_is_accepted_here_and_by_ssh_keygen(tmp_path: Path) -> None:
    public, armored = security_key()
    sshsig.ssh_verify(DATA, armored, public)
    assert ssh_keygen_verifies(tmp_path, DATA, armored, public)
    with pytest.raises(Unproven, match="ssh-signature"):
        sshsig.ssh_verify(DATA + b"x", armored, public)
    with pytest.raises(Unproven, match="another key"):
        sshsig.ssh_verify(DATA, armored, PUBLIC)


def test_a_security_key_that_nobody_touched_signs_nothing() -> None:
    public, armored = security_key(flags=0)
    with pytest.raises(Unproven, match="touched"):
        sshsig.ssh_verify(DATA, armored, public)


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        ARMORED[:-1],
        ARMORED + b"\n",
        ARMORED.replace(b"\n", b"\r\n"),
        ARMORED.replace(b"\n", b"\n\n"),
        ARMORED.replace(b"SSH", b"PGP"),
        b" " + ARMORED,
        ARMORED.replace(b"\n", b"", 2).replace(b"-----", b"-----\n", 2),
        b"".join(line if line.startswith(b"-") else line[:-1] for line in ARMORED.splitlines(keepends=True)),
        ARMORED.replace(b"\n-----END", b"\nAAAA\n-----END"),
        b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
    ],
)
def test_a_signature_file_has_one_spelling(spoiled: bytes) -> None:
    with pytest.raises(Unproven, match="ssh-armor"):
        sshsig.ssh_verify(DATA, spoiled, PUBLIC)


def test_ssh_keygen_tolerates_what_we_refuse(tmp_path: Path) -> None:
    head, *body, tail = ARMORED.splitlines(keepends=True)
    rewrapped = head + b"".join(body).replace(b"\n", b"") + b"\n" + tail
    assert ssh_keygen_verifies(tmp_path, DATA, rewrapped, PUBLIC)
    with pytest.raises(Unproven, match="ssh-armor"):
        sshsig.ssh_verify(DATA, rewrapped, PUBLIC)


@given(st.integers(0, len(ARMORED) * 8 - 1))
@settings(max_examples=300, deadline=None)
def test_no_bit_of_a_signature_file_may_change(bit: int) -> None:
    changed = (int.from_bytes(ARMORED, "big") ^ 1 << bit).to_bytes(len(ARMORED), "big")
    with pytest.raises(Unproven):
        sshsig.ssh_verify(DATA, changed, PUBLIC)


@given(st.binary(max_size=200))
def test_no_bytes_inside_the_armor_are_more_than_refused(inner: bytes) -> None:
    text = reference.b64(b"SSHSIG\0\0\0\1" + inner)
    lines = "".join(f"{text[at : at + 70]}\n" for at in range(0, len(text), 70))
    with pytest.raises(Unproven):
        sshsig.ssh_verify(DATA, f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n".encode(), PUBLIC)


BLOB = sshsig._dearmor(ARMORED)


def rearmored(blob: bytes, columns: int = 70) -> bytes:
    text = reference.b64(blob)
    lines = "".join(f"{text[at : at + columns]}\n" for at in range(0, len(text), columns))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n".encode()


def test_nothing_is_hidden_in_a_signature_file() -> None:
    namespace = sshsig._string(sshsig.NAMESPACE.encode())
    reserved = BLOB.replace(namespace + sshsig._string(b""), namespace + sshsig._string(b"hidden"))
    scalar = BLOB[-83:]  # string(string("ssh-ed25519") string(64 bytes)), without the outer length
    inner = BLOB[: -len(scalar) - 4] + sshsig._string(scalar + b"hidden")
    assert rearmored(BLOB) == ARMORED
    assert rearmored(BLOB[: -len(scalar) - 4] + sshsig._string(scalar)) == ARMORED
    for spoiled in (reserved, inner, BLOB + b"hidden", BLOB.replace(b"\0\0\0\1", b"\0\0\0\2"), BLOB.replace(b"sha512", b"sha256")):
        assert spoiled != BLOB
        with pytest.raises(Unproven, match="ssh-armor"):
            sshsig.ssh_verify(DATA, rearmored(spoiled), PUBLIC)


@pytest.mark.parametrize("columns", [1, 64, 69, 71, 76, 1000])
def test_a_signature_file_is_70_columns_wide(columns: int) -> None:
    with pytest.raises(Unproven, match="ssh-armor"):
        sshsig.ssh_verify(DATA, rearmored(BLOB, columns), PUBLIC)


def test_a_signature_for_another_purpose_is_none() -> None:
    with pytest.raises(Unproven, match="another purpose"):
        sshsig.ssh_verify(DATA, sshsig.ssh_sign(DATA, SEED, "git"), PUBLIC)
    with pytest.raises(Unproven, match="another key"):
        sshsig.ssh_verify(DATA, sshsig.ssh_sign(DATA, bytes(32)), PUBLIC)


@pytest.mark.parametrize(
    "public",
    [
        "",
        "ssh-ed25519",
        PUBLIC + " ",
        PUBLIC + " comment",
        PUBLIC.replace(" ", "  "),
        PUBLIC[:-1],
        "ssh-rsa " + PUBLIC.split(" ")[1],
        " " + PUBLIC,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==",
    ],
)
def test_what_is_not_a_key_line_is_refused(public: str) -> None:
    with pytest.raises(Unproven, match="ssh-key"):
        sshsig.fingerprint(public)


SIGNERS = sshsig.allowed_signers("libertas.example", PUBLIC)


def test_allowed_signers_is_one_line_and_read_back() -> None:
    assert sshsig.parse_allowed_signers(SIGNERS) == ("libertas.example", PUBLIC)
    assert SIGNERS.count(b"\n") == 1
    for principal in ("two words", "*", "", "a,b", '"a"'):
        with pytest.raises(ValueError, match="allowed-signers"):
            sshsig.allowed_signers(principal, PUBLIC)


@pytest.mark.parametrize(
    "spoiled", [b"", SIGNERS[:-1], SIGNERS * 2, SIGNERS.replace(b"certificate", b"x"), b"#\n" + SIGNERS, SIGNERS.replace(b" n", b"  n")]
)
def test_no_other_allowed_signers_is_read(spoiled: bytes) -> None:
    with pytest.raises(Unproven, match="allowed-signers"):
        sshsig.parse_allowed_signers(spoiled)
