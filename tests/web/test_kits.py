"""The kit over HTTP: every paper in every language, kept until the register changes."""

from __future__ import annotations

from itertools import product

from installation import Installation


async def test_every_file_of_a_kit_can_be_fetched(installation: Installation) -> None:
    base = "/fr/cases/sample-person-a/kit"
    page = await installation.client.get(base)
    assert page.status_code == 200
    for name, lang in product(("deed.pdf", "sheet.pdf", "motion.rtf", "card.png", "qr.svg"), ("fr", "hy")):
        answer = await installation.client.get(f"/{lang}/cases/sample-person-a/kit/{name}")
        assert answer.status_code == 200, name
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-type"].split(";")[0] in ("application/pdf", "application/rtf", "image/png", "image/svg+xml")
    for wrong in ("deed.exe", "deed", "sheet.png", "qr.pdf", "..%2fdeed.pdf", "words.toml"):
        assert (await installation.client.get(f"{base}/{wrong}")).status_code == 404, wrong
    assert (await installation.client.get("/fr/sponsors/kit/deed.pdf")).status_code == 200
    assert (await installation.client.get("/fr/sponsors/kit/sheet.pdf")).status_code == 404
