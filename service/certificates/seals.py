"""The seal on the PDF: one signature over the whole document that allows no change, made with the organizers' own key.

PAdES with DocMDP "no changes"; with a time-stamp authority the seal also says when. Whoever checks it knows it by the
SHA-256 of its certificate, since no public authority vouches for a petition's organizers. pyHanko takes a second to load, so
it is loaded only where a document is sealed or checked, and both belong in a thread.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service.certificates import hardware, stamps
from service.errors import Misconfigured, Unproven

FIELD = "Seal"
_PLACE = re.compile(rb"/ByteRange ?\[ ?0 ([0-9]+) ([0-9]+) ([0-9]+) ?\]")


class Seal(msgspec.Struct, frozen=True):
    """A sealing key with its certificate (DER, the seal's own first); without ``key`` only good for recognising."""

    certificates: tuple[bytes, ...]
    key: bytes = b""
    token: str = ""

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of the certificate, as ``openssl x509 -fingerprint -sha256`` shows it without colons."""
        return hashlib.sha256(self.certificates[0]).hexdigest()

    @classmethod
    def load(cls, where: str) -> Seal:
        """From a PEM file (certificate, perhaps its chain, perhaps its key) or a ``pkcs11:`` address. Raises ``Misconfigured``."""
        if where.startswith(hardware.SCHEME):
            return cls((hardware.certificate(where),), token=where)
        path = Path(where)
        try:
            raw = path.read_bytes()
            chain = x509.load_pem_x509_certificates(raw)
        except OSError as broken:
            raise Misconfigured([f"LIBERTAS_PDF_KEY: cannot be read ({type(broken).__name__})"]) from None
        except ValueError:
            raise Misconfigured(["LIBERTAS_PDF_KEY: holds no certificate in PEM"]) from None
        own = tuple(each.public_bytes(serialization.Encoding.DER) for each in chain)
        if b"PRIVATE KEY-----" not in raw:
            return cls(own)
        if path.stat().st_mode & 0o077:
            raise Misconfigured(["LIBERTAS_PDF_KEY: the file is open to others: chmod 600"])
        try:
            key = serialization.load_pem_private_key(raw, password=None)
        except (ValueError, TypeError):
            raise Misconfigured(["LIBERTAS_PDF_KEY: the key cannot be read, or has a passphrase"]) from None
        # What pdfsig and the usual readers accept; Ed25519 they do not.
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise Misconfigured(["LIBERTAS_PDF_KEY: must be an RSA or an elliptic-curve key (P-256)"])
        if key.public_key() != chain[0].public_key():
            raise Misconfigured(["LIBERTAS_PDF_KEY: the first certificate does not belong to the key"])
        der = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return cls(own, key.private_bytes(*der))


class Sealed(msgspec.Struct, frozen=True):
    """What a checked seal says: whose it is, when it was made by its own clock and by a time-stamp authority's, and over what."""

    fingerprint: str
    subject: str
    claimed_at: datetime | None
    stamped_at: datetime | None
    original: bytes
    files: dict[str, bytes]


def seal(document: bytes, by: Seal, *, issuer: str, reason: str, tsa_url: str = "") -> bytes:
    """``document`` with the seal appended. Raises ``Misconfigured`` (no private key here) or ``Busy`` (the time stamp failed)."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
        name=issuer,
        reason=reason,
    )
    stamper = stamps.pdf_stamper(tsa_url) if tsa_url else None
    out = io.BytesIO()

    class Appender(IncrementalPdfFileWriter):
        """Leaves the document's own description alone: written anew by pyHanko, it would no longer be spelled as PDF/A asks."""

        def _update_meta(self) -> None:
            pass

    def sign(signer: Any) -> None:
        stamps.apart(lambda: signers.sign_pdf(Appender(io.BytesIO(document)), meta, signer, timestamper=stamper, output=out))

    if by.token:
        with hardware.signer(by.token) as signer:
            sign(signer)
    else:
        sign(_signer(by))
    return out.getvalue()


def _signer(by: Seal) -> Any:
    from asn1crypto import keys as asn1_keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    if not by.key:
        raise Misconfigured(["LIBERTAS_PDF_KEY: holds a certificate without its key, so nothing can be sealed here"])
    store: Any = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko leaves it open
    store.register_multiple([asn1_x509.Certificate.load(each) for each in by.certificates[1:]])
    own = asn1_x509.Certificate.load(by.certificates[0])
    return signers.SimpleSigner(signing_cert=own, signing_key=asn1_keys.PrivateKeyInfo.load(by.key), cert_registry=store)


# -- checking ------------------------------------------------------------------------------------------------------------------


def check(document: bytes) -> Sealed:
    """The one seal over all of ``document`` but itself, and the files attached to it.

    Raises ``Unproven``: pdf-malformed, pdf-unsealed, pdf-appended (bytes after the seal), pdf-seal (the signature, or what
    it allows, is not as it must be). Whose seal it is, is for the caller to say.
    """
    try:
        return _check(document)
    except Unproven:
        raise
    except Exception as broken:  # a reader of others, over bytes that anybody may have made: whatever it stumbles over
        raise Unproven("pdf-malformed", type(broken).__name__) from None


def _check(document: bytes) -> Sealed:
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(document), strict=True)
    found = reader.embedded_signatures
    if not found:
        raise Unproven("pdf-unsealed", "there is no signature in it")
    if len(found) != 1:
        raise Unproven("pdf-seal", f"{len(found)} signatures instead of one")
    stamped_at = _check_signature(found[0], _cover(document))
    own = found[0].signer_cert
    return Sealed(
        hashlib.sha256(own.dump()).hexdigest(),
        own.subject.human_friendly,
        found[0].self_reported_timestamp,
        stamped_at,
        document[: _first_end(document)],
        _attached(reader),
    )


def _cover(document: bytes) -> bytes:
    """The signature's DER, from the one gap that it leaves; everything else of the file is signed, and the gap is spelled one way."""
    places = _PLACE.findall(document)
    if len(places) != 1:
        raise Unproven("pdf-seal", "not one signed range")
    gap, behind, rest = (int(number) for number in places[0])
    if behind + rest != len(document):
        raise Unproven("pdf-appended", "bytes stand behind what was signed")
    text = document[gap:behind]
    if not re.fullmatch(rb"<[0-9A-F]*>", text):
        raise Unproven("pdf-seal", "the gap holds something else than the signature")
    raw = bytes.fromhex(text[1:-1].decode())
    from asn1crypto import cms

    length = len(cms.ContentInfo.load(raw).dump())
    if raw[length:].strip(b"\0"):
        raise Unproven("pdf-seal", "something stands behind the signature in its gap")
    return raw[:length]


def _check_signature(found: Any, contents: bytes) -> datetime | None:
    from asn1crypto import cms
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    if found.field_name != FIELD or found.pkcs7_content.rstrip(b"\0") != contents.rstrip(b"\0"):
        raise Unproven("pdf-seal", "another signature field")
    signed: Any = cms.ContentInfo.load(contents)
    # A time stamp from elsewhere is bytes as they came, and not every authority sorts its sets.
    if not _unsigned(found) and signed.dump(force=True) != contents:
        raise Unproven("pdf-seal", "the signature has another spelling")
    # What stands around the signer's own part is signed by nothing and used by nobody: it has to be what it must be.
    outer, signers = signed["content"], signed["content"]["signer_infos"]
    about = (
        outer["version"].native,
        [each.dump() for each in outer["digest_algorithms"]],
        outer["encap_content_info"]["content_type"].native,
    )
    if len(signers) != 1 or about != ("v1", [signers[0]["digest_algorithm"].dump()], "data") or signers[0]["version"].native != "v1":
        raise Unproven("pdf-seal", "the signature has another spelling")
    own = found.signer_cert
    moment = found.self_reported_timestamp or datetime.now(UTC)
    context = ValidationContext(trust_roots=[own], moment=moment, allow_fetching=False)
    stamped = _ts_context(found, moment)
    try:
        status = stamps.apart(lambda: validate_pdf_signature(found, signer_validation_context=context, ts_validation_context=stamped))
    except SignatureValidationError as broken:
        raise Unproven("pdf-seal", type(broken).__name__) from None
    if not (status.intact and status.valid):
        raise Unproven("pdf-seal", "the signature does not belong to this document")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE or status.modification_level not in (None, ModificationLevel.NONE):
        raise Unproven("pdf-appended", "the document was changed after it was sealed")
    if found.docmdp_level is None or found.docmdp_level.value != 1 or not status.docmdp_ok:
        raise Unproven("pdf-seal", "the seal allows changes")
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.intact and stamp.valid):
        raise Unproven("pdf-seal", "the time stamp within the seal is wrong")
    return stamp.timestamp if stamp is not None else None


def _ts_context(found: Any, moment: datetime) -> Any:
    from pyhanko_certvalidator import ValidationContext

    token = next((a["values"][0]["content"] for a in _unsigned(found) if a["type"].native == "signature_time_stamp_token"), None)
    roots = stamps.certificates_of(token) if token is not None else []
    return ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False) if roots else None


def _unsigned(found: Any) -> list[Any]:
    return list(found.signer_info["unsigned_attrs"] or [])


def _first_end(document: bytes) -> int:
    """Where the document ended before it was sealed: pyHanko only appends."""
    gap = _PLACE.search(document)
    end = document.rfind(b"%%EOF", 0, gap.start() if gap else 0)
    return end + len(b"%%EOF") if end >= 0 else 0


def _attached(reader: Any) -> dict[str, bytes]:
    names = reader.root.get("/Names")
    tree = names.get("/EmbeddedFiles") if names is not None else None
    files: dict[str, bytes] = {}
    pending = [tree] if tree is not None else []
    while pending:
        node = pending.pop().get_object()
        pending += list(node.get("/Kids", []))
        leaves = list(node.get("/Names", []))
        for spec in (each.get_object() for each in leaves[1::2]):
            name = str(spec["/UF"])
            if name in files:
                raise Unproven("pdf-malformed", f"two attachments are called {name[:80]}")
            files[name] = bytes(spec["/EF"]["/F"].data)
    return files


def differing(files: Mapping[str, bytes], attached: Mapping[str, bytes]) -> str | None:
    """The first attachment that is not the file of the same name beside the document."""
    return next((name for name in sorted(attached) if files.get(name) != attached[name]), None)
