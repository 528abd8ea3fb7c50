"""Signing and confirming, as the signers tell it (acceptance scenarios 1–9)."""

from __future__ import annotations

from installation import Installation, state_of


async def test_ani_signs_and_is_counted_only_after_she_pressed_the_button_and_the_batch_was_sealed(installation: Installation) -> None:
    assert (await installation.post(email="ani@example.org")).json() == {"status": "received"}
    await installation.work()
    assert len(installation.letters("ani@example.org")) == 1
    assert await installation.seal() == 0
    path = installation.link("ani@example.org")
    await installation.pass_seconds(60)
    assert state_of(await installation.client.get(path)) == "ask"
    assert await installation.seal() == 0, "looking is not confirming"
    assert await installation.press(path) == "confirmed"
    assert await installation.seal() == 1
    assert len(installation.letters("ani@example.org")) == 1, "the thanks are a page, not a mail"
