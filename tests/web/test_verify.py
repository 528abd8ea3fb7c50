"""The page that says how to check, and whose keys are the right ones. What it computes is tested in tests/browser."""

from __future__ import annotations

import hashlib
import re

from installation import Installation
from service import certificates
from service.proof import page
from service.proof.certificate import Trust, fingerprint


async def test_the_page_shows_the_keys_of_the_trust_file_in_every_language(installation: Installation) -> None:
    trust = Trust.parse(await certificates.trust(installation.pool, installation.keys, installation.settings))
    for lang in ("fr", "en", "hy"):
        text = (await installation.client.get(f"/{lang}/verify")).text
        for key in (*(fingerprint(each) for each in trust.certificate_keys), *trust.logs, trust.anchor):
            assert key in text.replace("&#43;", "+"), lang
        assert 'rel="alternate" hreflang="hy"' in text


async def test_without_the_organizers_key_the_page_says_so_and_still_checks(installation: Installation) -> None:
    installation.keys.certificate_path.unlink()
    answer = await installation.client.get("/en/verify")
    assert answer.status_code == 200 and "No key has been published" in answer.text and 'id="checker"' in answer.text


async def test_the_policy_allows_the_checker_and_nothing_inline_beside_it(installation: Installation) -> None:
    answer = await installation.client.get("/fr/verify")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "connect-src" not in policy and policy.startswith("default-src 'none'")
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert page.source(script) in policy and page.source(style) in policy
    assert "set-cookie" not in answer.headers


async def test_the_file_to_keep_is_the_one_in_the_bundles_and_its_digest_is_on_the_page(installation: Installation) -> None:
    answer = await installation.client.get("/verify.html")
    assert answer.content == page.html() and answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "style-src 'self'" not in policy and page.parts().script_source in policy
    text = (await installation.client.get("/en/verify")).text
    assert hashlib.sha256(answer.content).hexdigest() in text
