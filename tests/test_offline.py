"""Keys that never lie on the server: made elsewhere, compared by two people, and nothing opens without them."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from service.__main__ import main
from service.errors import Misconfigured
from service.identity import Keys, Unopened, offline

VECTORS = json.loads((Path(__file__).parent / "vectors" / "offline.json").read_text(encoding="utf-8"))["vectors"]
PETITION, ANI, LEVON = (UUID(int=n) for n in (1, 2, 3))


@pytest.mark.parametrize("vector", VECTORS, ids=[v["row"][:8] for v in VECTORS])
def test_what_two_implementations_sealed_to_a_fixed_key_still_opens(vector: dict[str, object]) -> None:
    """The KEM is a draft: when a new library reads another construction, this goes red and no signer's box is lost unnoticed."""
    private = offline.Private("main", bytes.fromhex(str(vector["ml_kem_seed"])), bytes.fromhex(str(vector["x25519"])))
    assert private.public.fingerprint == vector["fingerprint"]
    bound = offline.info(UUID(str(vector["petition"])), UUID(str(vector["row"])), str(vector["field"]))
    assert bound.hex() == vector["info"]
    sealed = vector["sealed"]
    assert isinstance(sealed, dict) and len(sealed) == 2
    for by, ciphertext in sealed.items():
        assert private.open(bound, bytes.fromhex(ciphertext)).hex() == vector["plain"], by
        with pytest.raises(Unopened):
            private.open(bound[:-1] + b"S", bytes.fromhex(ciphertext))


def test_a_box_opens_with_each_of_its_keys_and_only_where_it_belongs() -> None:
    main_key, safe, stranger = (offline.Private.generate(name) for name in ("main", "safe", "stranger"))
    box = offline.seal_box([main_key.public, safe.public], PETITION, ANI, "signer", b"Ani Petrosyan")
    assert box[:1] == offline.SUITE and offline.place_of(box) == (PETITION, ANI)
    for key in (main_key, safe):
        assert offline.open_box(key, PETITION, ANI, "signer", box) == b"Ani Petrosyan"
        for petition, row, field in ((PETITION, LEVON, "signer"), (LEVON, ANI, "signer"), (PETITION, ANI, "address")):
            with pytest.raises(Unopened):
                offline.open_box(key, petition, row, field, box)
    with pytest.raises(Unopened, match="not sealed to this key"):
        offline.open_box(stranger, PETITION, ANI, "signer", box)
    moved = box[:17] + LEVON.bytes + box[33:]  # somebody writes another row's id over a box
    with pytest.raises(Unopened):
        offline.open_box(main_key, PETITION, LEVON, "signer", moved)


def test_a_box_with_any_byte_changed_cut_or_added_opens_nowhere() -> None:
    key = offline.Private.generate("main")
    box = offline.seal_box([key.public], PETITION, ANI, "signer", b"Ani")
    for at in (*range(48), *range(48, len(box), 37), len(box) - 1):
        changed = bytearray(box)
        changed[at] ^= 1
        with pytest.raises(Unopened):
            offline.open_box(key, PETITION, ANI, "signer", bytes(changed))
    for wrong in (b"", box[:1], box[:33], box[:34], box[:-1], box + b"\0", b"\x01" + box[1:]):
        with pytest.raises(Unopened):
            offline.open_box(key, PETITION, ANI, "signer", wrong)


def test_a_pair_is_written_closed_to_others_once_and_its_passphrase_counts(tmp_path: Path) -> None:
    public = offline.write_pair(tmp_path / "made", "main", "four random words here")
    private = tmp_path / "made" / "main.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert offline.read_public(tmp_path / "made" / "main.pub") == public
    with pytest.raises(Misconfigured, match="already"):
        offline.write_pair(tmp_path / "made", "main")
    assert offline.is_locked(private)
    for wrong in ("", "four random words there"):
        with pytest.raises(Misconfigured, match="passphrase"):
            offline.read_private(private, wrong)
    assert offline.read_private(private, "four random words here").public == public
    private.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        offline.read_private(private, "four random words here")
    for name in ("", "Main", "../main", "a" * 41):
        with pytest.raises(Misconfigured):
            offline.write_pair(tmp_path / "made", name)


@pytest.mark.parametrize("text", ["", "x", "libertas-sealing/v1 main AAAA", "libertas-sealing/v2 main AAAA", "libertas-sealing/v1 main"])
def test_what_is_no_public_key_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "main.pub"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured):
        offline.read_public(path)


def test_a_damaged_private_key_is_refused(tmp_path: Path) -> None:
    offline.write_pair(tmp_path, "main")
    path = tmp_path / "main.key"
    kept = json.loads(path.read_bytes())
    other = json.loads(offline.Private.generate("main").encode())
    for change in (
        {"public": other["public"]},
        {"secret": "AAAA"},
        {"format": "other"},
        {"lock": {"salt": "AAAA", "n": 2**40, "r": 8, "p": 1}},
    ):
        path.write_text(json.dumps({**kept, **change}), encoding="utf-8")
        with pytest.raises(Misconfigured):
            offline.read_private(path, "some passphrase")


def test_the_organizers_make_a_pair_on_their_own_machine_and_both_sides_read_the_same_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIBERTAS_DATA_DIR", str(tmp_path / "server"))
    monkeypatch.setenv("LIBERTAS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["keys", "new", "--offline", "main", "--into", str(tmp_path / "laptop")]) == 0
    shown = capsys.readouterr().out.splitlines()[-1].strip()
    public = offline.read_public(tmp_path / "laptop" / "main.pub")
    assert shown == offline.grouped(public.fingerprint) and len(shown.split()) == 16
    assert main(["keys", "new"]) == 0
    assert "keys new --offline main" in capsys.readouterr().out
    (tmp_path / "server" / "keys" / "offline" / "main.pub").write_text(public.encode(), encoding="utf-8")
    assert main(["keys", "list"]) == 0
    assert f"fingerprint\tmain\t{shown}" in capsys.readouterr().out
    assert main(["keys", "fingerprint", str(tmp_path / "laptop" / "main.pub")]) == 0
    assert shown in capsys.readouterr().out
    assert main(["keys", "fingerprint"]) == 1
    assert "one or more" in capsys.readouterr().err


def test_a_pair_is_not_made_inside_a_servers_folders_nor_under_a_short_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIBERTAS_DATA_DIR", str(tmp_path / "server"))
    for place in (tmp_path / "server", tmp_path / "server" / "keys" / "offline"):
        assert main(["keys", "new", "--offline", "main", "--into", str(place)]) == 1
        assert "belongs to a server" in capsys.readouterr().err and not (place / "main.key").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["keys", "new", "--offline", "main", "--into", str(tmp_path / "laptop"), "--passphrase"]) == 1
    assert "12 characters" in capsys.readouterr().err and not (tmp_path / "laptop" / "main.key").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough passphrase\n"))
    assert main(["keys", "new", "--offline", "main", "--into", str(tmp_path / "laptop"), "--passphrase"]) == 0
    assert offline.is_locked(tmp_path / "laptop" / "main.key")


def test_a_private_key_on_the_server_stops_its_start_whatever_it_is_called(tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys", demo=False)
    keys.refuse_organizers_keys()
    assert keys.offline_keys() == [] and not keys.certificate_path.exists()
    pair = offline.Private.generate("main")
    hidden = tmp_path / "keys" / "log" / ".notes"
    hidden.write_bytes(pair.encode())
    with pytest.raises(Misconfigured, match=r"log/\.notes is a private sealing key"):
        keys.refuse_organizers_keys()
    hidden.write_bytes(pair.encode("under a passphrase too"))
    with pytest.raises(Misconfigured, match="private sealing key"):
        keys.refuse_organizers_keys()
    hidden.unlink()
    (tmp_path / "keys" / "offline" / "main.pub").write_text(pair.public.encode(), encoding="utf-8")
    keys.refuse_organizers_keys()
    assert keys.offline_keys() == [pair.public]
    (tmp_path / "keys" / "offline" / "safe.pub").write_text("not a key", encoding="utf-8")
    with pytest.raises(Misconfigured):
        keys.offline_keys()
    os.chmod(tmp_path / "keys" / "offline", 0o755)
    with pytest.raises(Misconfigured, match="open to others"):
        keys.offline_keys()


def test_the_demo_has_pairs_of_its_own_that_say_so(tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    assert [key.name for key in keys.offline_keys()] == ["demo-main", "demo-safe"]
    assert [key.name for key in keys.backup_keys()] == ["demo-backup"]
    before = keys.offline_keys()
    assert Keys.create(tmp_path / "keys").offline_keys() == before, "made once"
    private = offline.read_private(tmp_path / "keys" / "offline" / "demo-main.key")
    box = offline.seal_box(before, PETITION, uuid4(), "signer", b"x")
    assert offline.open_box(private, *offline.place_of(box), "signer", box) == b"x"
    with pytest.raises(Misconfigured, match="demo-main"):
        keys.refuse_organizers_keys()
