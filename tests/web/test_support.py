"""Support and follow: codes that banks read, and nobody is asked before a signature is confirmed."""

from __future__ import annotations

import re

from installation import Installation
from scanner import scanned


async def test_the_page_shows_both_accounts_and_the_confirmation_page_asks_last(installation: Installation) -> None:
    page = (await installation.client.get("/en/support")).text
    assert "CH93 0076 2011 6238 5295 7" in page
    codes = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert [scanned(code)[0][:3] for code in codes] == ["SPC", "BCD"], "what stands on the page can be scanned there"
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
