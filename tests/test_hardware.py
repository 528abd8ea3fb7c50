"""The seal's key lies on a token that never gives it away: a real PKCS#11 driver, SoftHSM's, stands for the card in a reader."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from house import House
from service import certificates
from service.certificates import hardware, seals
from service.errors import Misconfigured
from service.proof import certificate as proof

PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so")
KEYS = {"rsa": b"\x01", "p256": b"\x02", "ed25519": b"\x03", "twice": b"\x04"}


@pytest.fixture(scope="module")
def driver() -> str:
    found = next((place for place in PLACES if Path(place).exists()), None)
    assert found and shutil.which("softhsm2-util"), "softhsm2 is missing: make browser installs it"
    return found


@pytest.fixture(scope="module")
def token(driver: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token called "Ani's card" with PIN 2580: a folder, in which the PIN's file lies too. The driver reads its settings once."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "objects").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'objects'}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    _run("softhsm2-util", "--init-token", "--free", "--label", "Ani's card", "--so-pin", "87654321", "--pin", "2580")
    made = {
        "rsa": rsa.generate_private_key(65537, 2048),
        **{label: ec.generate_private_key(ec.SECP256R1()) for label in KEYS if label != "rsa"},
    }
    pem = folder / "key.pem"
    for label, key in made.items():
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        pem.write_bytes(key.private_bytes(*form))
        to = ("--token", "Ani's card", "--label", label, "--id", KEYS[label].hex(), "--pin", "2580")
        _run("softhsm2-util", "--import", str(pem), *to)
        pem.unlink()
    with pkcs11.lib(driver).get_token(token_label="Ani's card").open(rw=True, user_pin="2580") as session:
        for label in ("rsa", "p256", "twice", "twice", "ed25519"):
            described = {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.LABEL: label,
                pkcs11.Attribute.ID: KEYS[label],
            }
            of = ed25519.Ed25519PrivateKey.generate() if label == "ed25519" else made[label]  # what it lies beside is not asked
            session.create_object({**described, **_certificate(of)})
    pin = folder / "pin"
    pin.write_text("2580\n")
    pin.chmod(0o600)
    yield folder
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> dict[pkcs11.Attribute, bytes]:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Friends of Ani")])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=9))
        .not_valid_after(datetime.now(UTC) + timedelta(days=900))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    subject = name.public_bytes()
    return {
        pkcs11.Attribute.VALUE: made.public_bytes(serialization.Encoding.DER),
        pkcs11.Attribute.SUBJECT: subject,
        pkcs11.Attribute.ISSUER: subject,
    }


def address(driver: str, token: Path, key: str = "object=p256", **other: str) -> str:
    parts = {"card": "Ani%27s%20card", "pin": str(token / "pin"), "module": driver, **other}
    return f"pkcs11:token={parts['card']};{key}?module-path={parts['module']}&pin-source=file:{parts['pin']}"


def pdfsig(document: bytes, folder: Path) -> str:
    file = folder / "certificate.pdf"
    file.write_bytes(document)
    # Whom to believe is not pdfsig's to say: no authority stands behind the organizers.
    return subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=False).stdout


async def test_the_certificate_is_sealed_by_a_key_that_nobody_can_copy(signed: House, driver: str, token: Path, tmp_path: Path) -> None:
    """The setting names the token; an RSA key, found by its label."""
    signed.set(pdf_key=address(driver, token, "object=rsa"))
    bundle = await signed.certify()
    said = pdfsig(bundle.files["certificate.pdf"], tmp_path)
    assert "Signature Validation: Signature is Valid." in said and "Total document signed" in said
    assert "ETSI.CAdES.detached" in said and "Friends of Ani" in said
    sealed = await asyncio.to_thread(seals.check, bundle.files["certificate.pdf"])
    assert sealed.fingerprint == seals.Seal.load(signed.settings.pdf_key).fingerprint
    assert sealed.fingerprint in (await signed.trust()).pdf_seals, "the trust file names the token's certificate"
    certificates.write(bundle, tmp_path / "out")
    (tmp_path / "trust.json").write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    code, report = await asyncio.to_thread(certificates.verify_path, str(tmp_path / "out.zip"), str(tmp_path / "trust.json"))
    assert (code, report["seal"]) == (0, sealed.fingerprint)


async def test_on_the_organizers_machine_the_command_seals_by_a_token(signed: House, driver: str, token: Path, tmp_path: Path) -> None:
    """The three steps with the keys elsewhere; a P-256 key, found by its number, as on cards that label key and certificate differently."""
    where = address(driver, token, "id=%02")
    key = tmp_path / "certificate"
    shutil.move(signed.settings.key_dir / "certificate", key)
    (tmp_path / "certificate.pub").write_text(proof.ssh_public(signed.keys.certificate_key(key)))
    (signed.settings.key_dir / "pdf-seal").unlink()
    public = tmp_path / "seal.pem"
    own = x509.load_der_x509_certificate(seals.Seal.load(where).certificates[0])
    public.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    signed.set(certificate_key=str(tmp_path / "certificate.pub"), pdf_key=str(public))
    certificates.write(await signed.certify(unsigned=True), tmp_path / "bundle", zipping=False)

    command = [sys.executable, "-m", "service", "certify", "--sign", str(tmp_path / "bundle"), "--key", str(key), "--pdf-key", where]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = certificates.load(tmp_path / "bundle")
    assert proof.verify_bundle(files, await signed.trust()).valid
    said = pdfsig(files["certificate.pdf"], tmp_path)
    assert "Signature Validation: Signature is Valid." in said and "Total document signed" in said
    await certificates.take_in(signed.pool, signed.keys, signed.settings, files)


async def test_two_who_seal_at_once_wait_for_each_other(signed: House, driver: str, token: Path) -> None:
    """A token knows one login for a whole process."""
    where = address(driver, token)
    document = (await signed.certify()).files["certificate.pdf"]
    plain = (await asyncio.to_thread(seals.check, document)).original
    seal = seals.Seal.load(where)
    made = await asyncio.gather(*(asyncio.to_thread(seals.seal, plain, seal, issuer="Friends of Ani", reason=f"{n}") for n in range(3)))
    assert {(await asyncio.to_thread(seals.check, each)).fingerprint for each in made} == {seal.fingerprint}


def test_what_is_wrong_with_a_token_is_said(driver: str, token: Path, tmp_path: Path) -> None:
    open_pin, wrong_pin, binary = tmp_path / "open", tmp_path / "wrong", tmp_path / "binary"
    for file, content, mode in ((open_pin, b"2580", 0o644), (wrong_pin, b"1111", 0o600), (binary, b"\xff\xfe", 0o600)):
        file.write_bytes(content)
        file.chmod(mode)
    for where, why in (
        (address(driver, token, card="Levon%27s%20card"), "No token matching"),
        (address(driver, token, "object=nobody"), "Could not find certificate"),
        (address(driver, token, "object=twice"), "more than one certificate"),
        (address(driver, token, "object=ed25519"), "must be an RSA or an elliptic-curve key"),
        (address(driver, token, pin=str(wrong_pin)), "PinIncorrect"),
        (address(driver, token, pin=str(open_pin)), "chmod 600"),
        (address(driver, token, pin=str(binary)), "cannot be read"),
        (address(driver, token, pin=str(tmp_path / "nowhere")), "cannot be read"),
        (address(str(tmp_path / "driver.so"), token), "the token"),
        ("pkcs11:token=x;object=y", "module-path"),
        ("pkcs11:object=y?module-path=z", "token"),
        ("pkcs11:token=x?module-path=z", "object"),
        ("pkcs11:token=x;object=y?module-path=z&pin-value=2580", "a file of its own"),
        ("pkcs11:token=x;object=y;slot-id=3?module-path=z", "slot-id"),
        ("pkcs11:token=x;token=z;object=y?module-path=z", "twice"),
    ):
        with pytest.raises(Misconfigured) as refused:
            seals.Seal.load(where)
        assert why in str(refused.value) and "2580" not in str(refused.value), (where, str(refused.value))


def test_the_key_itself_cannot_be_read_from_the_token(driver: str, token: Path) -> None:
    assert stat.S_IMODE((token / "pin").stat().st_mode) == 0o600
    with pkcs11.lib(driver).get_token(token_label="Ani's card").open(user_pin="2580") as session:
        (key,) = session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.LABEL: "p256"})
        with pytest.raises(pkcs11.PKCS11Error):
            key[pkcs11.Attribute.VALUE]
    with hardware.signer(address(driver, token)) as signer:
        assert signer.signing_cert.subject.human_friendly == "Common Name: Friends of Ani"
