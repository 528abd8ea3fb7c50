"""The sponsors' pages and JSON, over HTTP."""

from __future__ import annotations

from installation import Installation


async def test_the_json_holds_only_announced_sponsors_with_deed_and_proof(installation: Installation) -> None:
    listed = (await installation.client.get("/api/v1/sponsors")).json()["sponsors"]
    assert {sponsor["kind"] for sponsor in listed} >= {"city", "ngo"}
    for sponsor in listed:
        assert "contact" not in sponsor
        for one in sponsor["sponsorships"]:
            assert one["deed"]["date"]
            assert all(act["proof_url"].startswith("https://") for act in one["acts"])
    assert any(one["case"] is None for sponsor in listed for one in sponsor["sponsorships"]), "one stands for the whole group"
