"""Support and follow: codes that banks read, and nobody is asked before a signature is confirmed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from installation import Installation
from service.web import support

ABOUT: dict[str, Any] = {
    "association": "Association Exemple", "street": "Rue de l’Exemple", "number": "1", "postcode": "1200", "town": "Genève", "country": "CH",
    "iban_chf": "CH93 0076 2011 6238 5295 7", "iban_eur": "FR7630006000011234567890189", "bic_eur": "AGRIFRPP",
}  # fmt: skip


def test_the_swiss_payload_has_the_lines_of_the_standard() -> None:
    lines = support.swiss_payload(ABOUT).split("\n")
    assert lines[:4] == ["SPC", "0200", "1", "CH9300762011623852957"]
    assert lines[4:11] == ["S", "Association Exemple", "Rue de l’Exemple", "1", "1200", "Genève", "CH"]
    assert lines[11:18] == [""] * 7, "ultimate creditor: for future use"
    assert lines[18:20] == ["", "CHF"], "the payer chooses the amount"
    assert lines[20:27] == [""] * 7, "the payer's own bank knows the payer"
    assert lines[27:] == ["NON", "", "", "EPD"]
    assert len(lines) == 31


@pytest.mark.parametrize("make", [support.swiss_code, support.euro_code])
def test_a_code_is_one_picture_with_nothing_in_it_but_squares(make: Any) -> None:
    svg = make({**ABOUT, "association": "</svg><script>alert(1)</script>"})
    assert svg.startswith("<svg")
    assert svg.endswith(("</svg>", "</svg>\n"))
    assert "script" not in svg
    assert not re.search(r"\bstyle=|\bon\w+=", svg)


async def test_the_page_shows_both_accounts_and_the_confirmation_page_asks_last(installation: Installation) -> None:
    page = (await installation.client.get("/en/support")).text
    assert "CH93 0076 2011 6238 5295 7" in page
    assert page.count("<svg") == 2
    petition = (await installation.client.get(f"/en/petitions/{installation.slug}")).text
    main = petition[petition.index("<main") : petition.index("</main>")]
    assert "/support" not in main, "nobody is asked before the signature is confirmed"
    assert (await installation.post(email="ani@example.org")).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    path = installation.link("ani@example.org")
    looked = (await installation.client.get(path)).text
    assert "/support" not in looked[looked.index("<main") : looked.index("</main>")]
    done = (await installation.client.post(path)).text
    order = [done.index(mark) for mark in ("data-count", "wa.me", "t.me", "/sponsors#how", "/support")]
    assert order == sorted(order), "the number, then sharing, then the city, then a donation"
