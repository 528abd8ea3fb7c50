"""The certificate as a document: sealed, complete, and the same for everybody who prints it again."""

from __future__ import annotations

import asyncio
import io
import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pypdf
import pytest

from house import House, stated
from scanner import scanned
from service import certificates
from service.certificates import finishing, printing, seals, stating
from service.errors import Conflict, Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.proof import certificate as proof


@pytest.fixture(autouse=True)
def no_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def pages(document: bytes) -> list[str]:
    return [" ".join(page.extract_text().replace("\u200b", "").split()) for page in pypdf.PdfReader(io.BytesIO(document)).pages]


async def test_the_document_says_in_three_languages_what_the_certificate_says(signed: House) -> None:
    bundle = await signed.certify(holder="Levon Levonian", petitioner="Friends of Ani, Gyumri")
    said = pages(bundle.files["certificate.pdf"])
    assert len(said) == 3 * 3 + 3, "three pages for each language, and the three texts"
    for first, words in (
        (0, ("signatures confirmées", "Levon Levonian", "en fonction le 24 novembre 2026", "Réservé au destinataire", "PROJET")),
        (3, ("confirmed signatures", "in office on 24 November 2026", "not by a public authority", "Not verified: identity")),
        (6, ("հաստատված ստորագրություն", "Չի ստուգվել", "Հասցեատիրոջ համար")),
    ):
        for word in (*words, "Friends of Ani, Gyumri", "12", bundle.id):
            assert word in said[first], (first, word)
    for second in (1, 4, 7):
        assert "14" in said[second], "added"
    for third in (2, 5, 8):
        assert stated(bundle)["fingerprint"] in said[third].replace("\u200b", "").replace(" ", "")
        assert seals.check(bundle.files["certificate.pdf"]).fingerprint in said[third].replace(" ", "")
    copy = f"https://petition.example.org/petitions/free-ani/certificates/{bundle.id}/certificate.pdf"
    assert scanned(bundle.files["certificate.pdf"], dpi=110) == [copy] * 3, "the code on each language's first page leads to a copy"
    assert [word in page for page, word in zip(said[9:], ("We ask for their release. fr", "release. en", "release. hy"), strict=True)]


async def test_one_signature_is_one_in_every_language(house: House) -> None:
    await house.sign(1)
    await house.settle()
    bundle = await house.certify()
    said = pages(bundle.files["certificate.pdf"])
    for first, words in (
        (0, "prouve 1 inscription, comptée"),
        (3, "proves 1 entry, counted"),
        (6, "համապատասխանում է 1 էլեկտրոնային հասցեի, որը"),
    ):
        assert words in said[first] and words in stated(bundle)["statement"][("fr", "en", "hy")[first // 3]]
    assert "1 signature confirmée" in said[0] and "sur 2 inscriptions" in said[0] and "1 confirmed signature " in said[3]
    assert "Too few for a breakdown" in said[4].split("Signatures over time")[1], "one signature has no curve"


async def test_a_count_that_looks_like_a_year_and_long_names_leave_the_first_page_whole(signed: House) -> None:
    bundle = await signed.certify()
    body, evidence = stated(bundle), printing.attached(bundle.files)
    body["proved"] = {**body["proved"], "count": 2026, "by_version": {"1": 2026}}
    body["statement"] = stating.proves(2026, body["window"]["first_sealed_at"], body["window"]["cut_off"])
    body["petition"]["titles"] = dict.fromkeys(("fr", "en", "hy"), "For the release of all who are held without a judgment, " * 4)
    body["recipient"] |= {
        "names": dict.fromkeys(("fr", "en", "hy"), "Committee on Foreign Affairs and Defence, " * 5),
        "holder": "Levon " * 12,
    }
    body["petitioner"] = body["issuer"]["name"] = "Association of the families, represented by its president, " * 3
    body["asserted"]["by_day"] = {f"2026-{month:02}-{day:02}": 225 * month for month in (7, 8, 9) for day in range(1, 31)}
    body["asserted"]["by_country"] = {"FR": 900} | {code: 500 - n for n, code in enumerate("ABCDEFGHIJKLMNO")}
    body["asserted"]["by_partner"] = {"a-federation-of-associations-with-a-very-long-name-and-more": 900, "": 40}
    said = pages(await asyncio.to_thread(printing.document, {**evidence, "certificate.json": proof.canonical_json(body)}))
    firsts = [page for page in said if "Réservé au destinataire" in page or "For the recipient" in page or "Հասցեատիրոջ համար" in page]
    assert len(firsts) == 3 and all("2026" in page and "Committee on Foreign Affairs" in page for page in firsts)
    (english,) = (page for page in firsts if "For the recipient" in page)
    assert "proves 2,026 entries" in english and "November 2026" in english and "November 2,026" not in english
    figures = said[said.index(english) + 1]
    for words in ("Aug", "2,400", "France", "others, merged", "…"):
        assert words in figures, words


async def test_everything_is_attached_and_the_seal_covers_all_of_it(signed: House, tmp_path: Path) -> None:
    bundle = await signed.certify()
    document = bundle.files["certificate.pdf"]
    sealed = seals.check(document)
    assert sealed.files == {
        path: content for path, content in bundle.files.items() if path not in ("certificate.pdf", "SHA256SUMS", "SHA256SUMS.sig")
    }
    assert printing.is_same(sealed.original, bundle.files)
    assert (await signed.trust()).pdf_seals == (sealed.fingerprint,) == (stated(bundle)["keys"]["pdf_seal"],)
    file = tmp_path / "certificate.pdf"
    file.write_bytes(document)
    said = await asyncio.to_thread(subprocess.run, ["pdfsig", "-nocert", str(file)], capture_output=True, text=True, timeout=150)
    assert "Total document signed" in said.stdout and "Signature is Valid" in said.stdout, said.stdout


async def test_the_document_declares_pdf_a_3_with_embedded_fonts_and_named_attachments(signed: House) -> None:
    reader = pypdf.PdfReader(io.BytesIO((await signed.certify()).files["certificate.pdf"]))
    root: Any = reader.trailer["/Root"]
    described = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in described and "<pdfaid:conformance>B</pdfaid:conformance>" in described
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"
    for spec in (each.get_object() for each in root["/AF"]):
        assert spec["/AFRelationship"] in ("/Source", "/Supplement") and spec["/Desc"] and spec["/UF"]
    for page in reader.pages:
        fonts: Any = page["/Resources"]["/Font"]
        for font in (each.get_object() for each in fonts.values()):
            inner = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert any(name in inner for name in ("/FontFile2", "/FontFile3")), "every font is embedded"
    assert "/Encrypt" not in reader.trailer
    permissions: Any = root["/Perms"]["/DocMDP"].get_object()
    assert permissions["/Reference"][0]["/TransformParams"]["/P"] == 1, "no changes"


async def test_a_document_alone_is_checked(signed: House, tmp_path: Path) -> None:
    bundle = await signed.certify()
    file, trust = tmp_path / "certificate.pdf", tmp_path / "trust.json"
    file.write_bytes(bundle.files["certificate.pdf"])
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    code, report = certificates.verify_path(str(file), str(trust))
    assert (code, report["figures"]["count"], report["notes"]) == (0, 12, ["witnesses"])
    code, report = certificates.verify_path(str(file), None)
    assert (code, report["result"]) == (2, "consistent") and "pdf-seal" in report["notes"]
    file.write_bytes(bundle.files["certificate.pdf"] + b"\n% a note of mine\n")
    code, report = certificates.verify_path(str(file), str(trust))
    assert (code, report["error"]) == (1, "pdf-appended")
    file.write_bytes(seals.check(bundle.files["certificate.pdf"]).original)
    assert certificates.verify_path(str(file), str(trust))[1]["error"] == "pdf-unsealed"


async def test_levon_edits_the_document_and_saves_it_as_programs_do(signed: House, tmp_path: Path) -> None:
    """An incremental update: pdfsig alone still calls the signature valid."""
    bundle = await signed.certify()
    writer = pypdf.PdfWriter(io.BytesIO(bundle.files["certificate.pdf"]), incremental=True)
    writer.add_metadata({"/Title": "Certificate of 120,000 signatures"})
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(bundle.files["certificate.pdf"])
    with pytest.raises(Unproven, match="pdf-appended"):
        seals.check(out.getvalue())


async def test_a_document_that_a_stranger_sealed_or_filled_is_named(signed: House, tmp_path: Path) -> None:
    bundle = await signed.certify()
    trust = tmp_path / "trust.json"
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    stranger = seals.Seal.load(str(Keys.create(tmp_path / "stranger").pdf_seal_path))
    ours = seals.Seal.load(str(signed.keys.pdf_seal_path))
    original = seals.check(bundle.files["certificate.pdf"]).original
    other = {**bundle.files, "text/hy.txt": b"Another text.\n"}

    def bundled(document: bytes) -> tuple[int, dict[str, Any]]:
        """In a bundle whose list was made and signed anew by the issuer's own key: only the document is wrong."""
        files = {**bundle.files, "certificate.pdf": document}
        files["SHA256SUMS"] = proof.sums_of(files)
        files["SHA256SUMS.sig"] = proof.ssh_sign(files["SHA256SUMS"], signed.keys.certificate_key())
        path = tmp_path / "bundle.zip"
        path.write_bytes(certificates.Bundle(bundle.id, 12, 1, files).zip())
        return certificates.verify_path(str(path), str(trust))

    assert bundled(bundle.files["certificate.pdf"])[0] == 0, "control"
    for document, error in (
        (seals.seal(original, stranger, issuer="Friends of Ani", reason="x"), "pdf-seal-unknown"),
        (seals.seal(printing.document(other), ours, issuer="Friends of Ani", reason="x"), "pdf-attachment"),
        (original, "pdf-unsealed"),
        (b"%PDF-1.7\n" + original, "pdf-malformed"),
        (original[:5000], "pdf-malformed"),
        (bundle.files["certificate.pdf"].replace(b"/P 1", b"/P ."), "pdf-malformed"),  # a number that is none, which the reader chokes on
    ):
        code, report = bundled(document)
        assert (code, report["error"]) == (1, error), report


async def test_pages_that_say_something_else_than_the_certificate_are_noticed(signed: House, tmp_path: Path) -> None:
    """The issuer's own seal on pages that were not printed from these files: nothing is forged, but it is not called the same."""
    bundle = await signed.certify()
    sealed = seals.check(bundle.files["certificate.pdf"])
    changed = sealed.original.replace(b"/Title", b"/Tit1e", 1)
    assert changed != sealed.original and not printing.is_same(changed, bundle.files)


async def flipped(signed: House, places: Any, tmp_path: Path) -> None:
    bundle = await signed.certify()
    document = bundle.files["certificate.pdf"]
    trust = await signed.trust()
    for place in places(document):
        changed = bytearray(document)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(Unproven):
            sealed = seals.check(bytes(changed))
            proof.verify_attached(sealed.files, trust)
            if sealed.files != {path: bundle.files[path] for path in sealed.files}:
                raise Unproven("pdf-attachment")


async def test_a_flipped_bit_anywhere_in_the_document_is_named(signed: House, tmp_path: Path) -> None:
    dice = random.Random(26)

    def places(document: bytes) -> list[int]:
        gap = seals._PLACE.search(document)
        assert gap is not None
        begin, end = int(gap[1]), int(gap[2])
        everywhere = [dice.randrange(len(document) * 8) for _ in range(24)]
        seal_itself = [dice.randrange(begin * 8, end * 8) for _ in range(24)]
        behind = [dice.randrange(end * 8, len(document) * 8) for _ in range(12)]
        return [*everywhere, *seal_itself, *behind, 0, len(document) * 8 - 1]

    await flipped(signed, places, tmp_path)


# -- signed elsewhere ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def organizers(signed: House, tmp_path: Path) -> Path:
    """A folder that stands for the organizers' machine; the server knows the public halves only."""
    home = tmp_path / "organizers"
    home.mkdir()
    for name in ("certificate", "pdf-seal"):
        shutil.move(signed.settings.key_dir / name, home / name)
    public = home / "certificate.pub"
    public.write_text(proof.ssh_public(Keys.certificate_key(signed.keys, home / "certificate")) + " ani@gyumri\n")
    pem = (home / "pdf-seal").read_text()
    (home / "seal.pem").write_text(pem[pem.index("-----BEGIN CERTIFICATE") :])
    signed.set(certificate_key=str(public), pdf_key=str(home / "seal.pem"))
    return home


async def test_the_organizers_sign_on_their_own_machine_and_the_certificate_is_final(
    signed: House, organizers: Path, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match="unsigned"):
        await signed.certify()
    waiting = await signed.certify(unsigned=True)
    assert not set(finishing.LATER) & set(waiting.files)
    assert stated(waiting)["standing"] == "final"
    assert await certificates.listing(signed.pool, signed.petition) == [], "nothing to fetch yet"
    with pytest.raises(NotFound):
        await certificates.download(signed.pool, signed.petition, waiting.id, "bundle.zip")

    folder = tmp_path / "carried"
    certificates.write(waiting, folder, zipping=False)
    seal = seals.Seal.load(str(organizers / "pdf-seal"))
    done = finishing.go_on(certificates.load(folder), finishing.by_ssh_keygen(organizers / "certificate"), seal)
    assert proof.verify_bundle(done, await signed.trust()).valid
    assert "FINAL" in pages(done["certificate.pdf"])[3]

    taken = await certificates.take_in(signed.pool, signed.keys, signed.settings, done)
    assert taken.id == waiting.id
    _, pieces = await certificates.download(signed.pool, signed.petition, waiting.id, "certificate.pdf")
    assert b"".join([piece async for piece in pieces]) == done["certificate.pdf"]
    assert [row["kind"] for row in await certificates.listing(signed.pool, signed.petition)] == ["final"]
    await certificates.take_in(signed.pool, signed.keys, signed.settings, done)  # twice changes nothing
    again = finishing.go_on(done, finishing.by_ssh_keygen(organizers / "certificate"), seal)
    if again["certificate.pdf"] != done["certificate.pdf"]:
        with pytest.raises(Conflict):
            await certificates.take_in(signed.pool, signed.keys, signed.settings, again)


async def test_another_key_than_the_announced_one_signs_nothing(signed: House, organizers: Path, tmp_path: Path) -> None:
    waiting = await signed.certify(unsigned=True)
    stranger = Keys.create(tmp_path / "stranger")
    with pytest.raises(Unproven):
        finishing.finish(waiting.files, stranger.certificate_key(), None)
    with pytest.raises(Unproven, match="pdf-seal-unknown"):
        finishing.go_on(waiting.files, finishing.by_ssh_keygen(organizers / "certificate"), seals.Seal.load(str(stranger.pdf_seal_path)))
    forged = {**waiting.files, "certificate.json": waiting.files["certificate.json"].replace(b'"serial":1', b'"serial":7')}
    with pytest.raises(Unproven):
        proof.verify_unsigned(forged, await signed.trust())


async def test_a_bundle_that_was_not_numbered_here_is_not_taken_in(signed: House, organizers: Path) -> None:
    waiting = await signed.certify(unsigned=True)
    done = finishing.go_on(waiting.files, finishing.by_ssh_keygen(organizers / "certificate"), None)
    await signed.pool.execute("delete from certificate_draft")
    await signed.pool.execute("delete from certificate")
    with pytest.raises(NotFound):
        await certificates.take_in(signed.pool, signed.keys, signed.settings, done)
    with pytest.raises(Unproven):
        await certificates.take_in(signed.pool, signed.keys, signed.settings, {**done, "text/hy.txt": b"x"})


def test_a_seal_that_cannot_seal_says_why(tmp_path: Path) -> None:
    good = Keys.create(tmp_path / "keys").pdf_seal_path
    file = tmp_path / "seal.pem"
    for content, mode, why in (
        (b"nothing", 0o600, "no certificate"),
        (good.read_bytes(), 0o644, "chmod 600"),
        (good.read_bytes().replace(b"BEGIN PRIVATE KEY-----\n", b"BEGIN PRIVATE KEY-----\nAAAA"), 0o600, "cannot be read"),
        (
            good.read_bytes().split(b"-----BEGIN CERT")[0]
            + Keys.create(tmp_path / "b").pdf_seal_path.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2],
            0o600,
            "does not belong",
        ),
    ):
        file.write_bytes(content)
        file.chmod(mode)
        with pytest.raises(Misconfigured, match=why):
            seals.Seal.load(str(file))
    with pytest.raises(Misconfigured, match="cannot be read"):
        seals.Seal.load(str(tmp_path / "nowhere"))
    with pytest.raises(Misconfigured, match="module-path"):
        seals.Seal.load("pkcs11:token=x")
    public = seals.Seal.load(str(good)).certificates
    with pytest.raises(Misconfigured, match="without its key"):
        seals.seal(b"%PDF-1.7", seals.Seal(public), issuer="x", reason="x")


async def test_a_stranger_who_reads_the_json_finds_whole_numbers_and_no_names(signed: House) -> None:
    body = json.loads((await signed.certify()).files["certificate.json"])
    assert body["asserted"]["supporters"]["listed"] == []
    assert set(body["asserted"]["by_day"].values()) <= {0, 12}
