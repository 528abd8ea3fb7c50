"""What somebody hostile tries at the desk: another's passkey, an old answer, and two hundred ways to run a script."""

from __future__ import annotations

import html
from collections.abc import Iterator

from playwright.async_api import Browser

from browser import organizer
from browser.organizer import invite
from installation import Installation
from service.organizers import ROLES, Grant

EVERYTHING = tuple(Grant(role) for role in ROLES)

BASE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>", "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>", "<form action=javascript:alert(1)><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>", "<body onload=alert(1)>", "<video><source onerror=alert(1)>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>", "<style>@import 'javascript:alert(1)'</style>",
    "<link rel=stylesheet href=javascript:alert(1)>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=javascript:alert(1)//>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "' onmouseover='alert(1)", "\" autofocus onfocus=\"alert(1)",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](//evil.example)",
    "![x](javascript:alert(1))", "![x](https://evil.example/p.png)", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`", "    <script>alert(1)</script>", "{{7*7}}", "{% raw %}", "${alert(1)}", "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
)  # fmt: skip


def payloads() -> Iterator[str]:
    """Two hundred: each of forty in five disguises."""
    for one in BASE:
        yield one
        yield one.upper().replace("ALERT", "alert")
        yield html.escape(one)
        yield one.replace("<", "<\t").replace("alert(1)", "alert`1`")
        yield f"**{one}** > {one}"


async def test_two_hundred_payloads_in_every_field_of_a_petition_are_letters_and_nothing_more(
    chromium: Browser, installation: Installation
) -> None:
    await invite(installation, "ani@example.org", *EVERYTHING)
    ani = await organizer.come(chromium, installation, "ani@example.org")
    await ani.join()
    await ani.open("/desk/new-petition")
    await ani.page.fill("#slug", "hostile")
    await ani.press("main form button")
    corpus = list(payloads())
    assert len(corpus) == 200
    limits = {"title": 150, "summary": 580, "statement": 19_000, "consent": 1_900, "privacy": 3_900}
    places = dict.fromkeys(limits, 0)
    while places["title"] < len(corpus):
        fields = {}
        for part, most in limits.items():
            for lang in ("fr", "en", "hy"):
                words = ""
                while len(words) + len(corpus[places[part] % 200]) + 2 <= most and len(words) < most:
                    words += corpus[places[part] % 200].replace("\n", " " if part == "title" else "\n") + (
                        "  " if part == "title" else "\n\n"
                    )
                    places[part] += 1
                    if part == "statement" and places[part] % 200 == 0:
                        break
                fields[f"{part}-{lang}"] = words
        await ani.page.evaluate("f => { for (const [n, t] of Object.entries(f)) document.getElementById(n).value = t }", fields)
        await ani.press("button[value=preview]")
        assert await ani.page.locator(".preview").count() >= 15
        hostile = "main script, main iframe, main object, main embed, main img, main base, main [onerror], main [onload], main [onfocus]"
        assert await ani.page.locator(hostile).count() == 0
        links = await ani.page.locator("main a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert all(link.startswith(("/", "#", "http://", "https://", "mailto:")) and not link.startswith("//") for link in links), links
    await ani.press("button[value=publish]")
    await installation.worker.publish()
    for path in ("", "/text", "/history", "/numbers", "/setup"):
        await ani.open(f"/desk/petitions/hostile{path}")
    await ani.open("/desk")
    for field in ("said", "lang"):
        await ani.open(f"/desk?{field}=%3Cscript%3Ealert(1)%3C/script%3E")
    await ani.open("/desk/audit?act=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&person=%3Csvg/onload=alert(1)%3E")
    assert ani.dialogs == []
    assert await ani.leave() == []


async def test_a_passkey_opens_only_with_its_owner_verified_and_an_answer_counts_once(
    chromium: Browser, installation: Installation
) -> None:
    await invite(installation, "levon@example.org", Grant("editor"))
    levon = await organizer.come(chromium, installation, "levon@example.org")
    await levon.join()
    await levon.press(".me button")
    kept: list[dict[str, object]] = []
    levon.page.on("request", lambda sent: kept.append({"url": sent.url, "body": sent.post_data}) if sent.method == "POST" else None)
    await levon.sign_in()
    [answer] = [one["body"] for one in kept if str(one["url"]).endswith("/desk/sign-in")]
    origin = {"origin": installation.settings.base_url, "content-type": "application/json"}
    again = await installation.client.post("/desk/sign-in", content=str(answer), headers=origin)
    assert again.status_code == 400 and "set-cookie" not in again.headers, "an answer that somebody copied is used up"
    for body in ("{}", '{"answer": 1}', '{"answer": {}}', '{"answer": {"response": {"clientDataJSON": "e30"}}}', "[]", "\x00"):
        bad = await installation.client.post("/desk/sign-in", content=body, headers=origin)
        assert bad.status_code == 400, body
    await levon.press(".me button")
    await levon.verifies(False)  # a found phone, without finger or PIN
    await levon.open("/desk/sign-in")
    await levon.page.click("form[data-passkey=get] button")
    await levon.page.wait_for_function("document.querySelector('.passkey-status').textContent.includes('try again')")
    assert await levon.page.evaluate("location.pathname") == "/desk/sign-in"
    assert await levon.leave() == []
