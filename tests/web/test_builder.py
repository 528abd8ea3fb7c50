"""The line that a partner copies is right as it stands, whatever stands in the address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup

from installation import Installation


async def _lines(house: Installation, query: str = "", lang: str = "fr") -> dict[str, str]:
    page = BeautifulSoup((await house.client.get(f"/{lang}/embed{query}")).text, "html.parser")
    return {str(area["id"]): area.text.strip() for area in page.select("textarea")}


async def test_the_line_has_what_was_chosen_and_a_link_for_a_page_without_script(installation: Installation) -> None:
    base, slug = installation.settings.base_url, installation.slug
    found = await _lines(installation, "?variant=bar&language=hy&theme=dark&accent=%238C1C2B&partner=sample-partner")
    line = BeautifulSoup(found["line"], "html.parser")
    assert line.select_one("script")["src"] == f"{base}/widget.js"  # type: ignore[index]
    element: Any = line.select_one("libertas-petition")
    assert {name: element[name] for name in ("slug", "lang", "variant", "theme", "partner")} == {
        "slug": slug, "lang": "hy", "variant": "bar", "theme": "dark", "partner": "sample-partner",
    }  # fmt: skip
    assert "--libertas-accent:#8c1c2b" in element["style"]
    assert element.a["href"] == f"{base}/hy/petitions/{slug}?partner=sample-partner"
    pinned: Any = BeautifulSoup(found["pinned"], "html.parser").select_one("script")
    script = await installation.client.get(pinned["src"].removeprefix(base))
    assert script.status_code == 200 and re.fullmatch(r"sha384-[A-Za-z0-9+/]{64}", pinned["integrity"])
    frame: Any = BeautifulSoup(found["frame"], "html.parser").select_one("iframe")
    assert (await installation.client.get(frame["src"].removeprefix(base))).status_code == 200
    badge: Any = BeautifulSoup(found["badge"], "html.parser").select_one("img")
    assert (await installation.client.get(badge["src"].removeprefix(base))).headers["content-type"] == "image/png"
    assert found["address"] == f"{base}/hy/petitions/{slug}"


@pytest.mark.parametrize("lang", ["fr", "en", "hy"])
async def test_whatever_the_address_says_wrongly_is_not_chosen(installation: Installation, lang: str) -> None:
    usual = await _lines(installation, lang=lang)
    hostile = "?slug=none&variant=%22%3E%3Cscript%3E&language=de&theme=x&accent=red%3B}&partner=%22onload=&case=../x"
    assert await _lines(installation, hostile, lang) == usual
    preview = await installation.client.get(f"/{lang}/embed/preview{hostile}")
    assert preview.status_code == 200 and "onload" not in preview.text


async def test_the_preview_is_framed_by_the_builder_only(installation: Installation) -> None:
    preview = await installation.client.get("/fr/embed/preview?accent=%23003366")
    policy = preview.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "unsafe" not in policy and "--libertas-accent:#003366" in preview.text
    form = await installation.client.get(f"/embed/{installation.slug}", params={"host": installation.settings.base_url})
    assert "frame-ancestors 'self' http://localhost:*" in form.headers["content-security-policy"]
