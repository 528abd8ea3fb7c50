"""Settings are read once; every wrong one is named, and no value is repeated."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from service import settings
from service.errors import Misconfigured
from service.proof import note
from service.settings import load


def faults(environ: dict[str, str], **given: object) -> list[str]:
    with pytest.raises(Misconfigured) as stopped:
        load(environ, **given)
    return stopped.value.faults


def test_nothing_needs_to_be_set() -> None:
    found = load({})
    assert (found.port, found.base_url, found.captcha) == (8000, "http://localhost:8000", "altcha")
    assert found.key_dir == found.data_dir / "keys" and found.data_dir.is_absolute()
    assert found.seal_seconds == 0.0, "the privacy rule, unless it is the demo"
    assert load({}, embedded=True).seal_seconds == 2.0


def test_values_are_read_as_what_they_are(tmp_path: Path) -> None:
    found = load(
        {
            "LIBERTAS_PORT": "8100", "LIBERTAS_DATA_DIR": str(tmp_path), "LIBERTAS_SEAL_SECONDS": "0.5", "LIBERTAS_LANGUAGES": "hy, fr",
            "LIBERTAS_TRUSTED_PROXIES": "10.0.0.0/8, ::1/128", "LIBERTAS_BASE_URL": "https://petition.example.org/", "HOME": "ignored",
        }
    )  # fmt: skip
    assert (found.port, found.data_dir, found.key_dir, found.seal_seconds) == (8100, tmp_path, tmp_path / "keys", 0.5)
    assert found.languages == ("hy", "fr")
    assert found.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert (found.base_url, found.origin_host, found.is_https) == ("https://petition.example.org", "petition.example.org", True)


def test_the_base_url_follows_the_port() -> None:
    found = load({"LIBERTAS_PORT": "8100"})
    assert (found.base_url, found.origin_host, found.is_https) == ("http://localhost:8100", "localhost:8100", False)


def test_all_faults_are_named_at_once_and_no_value_is_repeated() -> None:
    secret = "hunter2-is-secret"
    told = faults(
        {
            "LIBERTAS_PORT": secret, "LIBERTAS_DATABASE_URL": f"mysql://{secret}", "LIBERTAS_MAIL_FROM": f"{secret} <no-address>",
            "LIBERTAS_BASE_URL": f"https://x.example/{secret}", "LIBERTAS_PROT": secret, "LIBERTAS_LANGUAGES": "en,de",
            "LIBERTAS_SEAL_SECONDS": "-1", "LIBERTAS_TRUSTED_PROXIES": secret, "LIBERTAS_CLIENT_LIMITS": secret,
        }
    )  # fmt: skip
    named = {sentence.partition(":")[0] for sentence in told}
    assert named == {
        f"LIBERTAS_{name}"
        for name in (
            "PORT", "DATABASE_URL", "MAIL_FROM", "BASE_URL", "PROT", "LANGUAGES", "SEAL_SECONDS", "TRUSTED_PROXIES", "CLIENT_LIMITS",
        )
    }  # fmt: skip
    assert secret not in "\n".join(told)


@pytest.mark.parametrize("value", ["0", "65536", "80.5", "-1", "8o80", "٨٠٨٠", "1" * 12])
def test_a_port_is_a_port(value: str) -> None:
    assert faults({"LIBERTAS_PORT": value}) == ["LIBERTAS_PORT: must be a whole number from 1 to 65535"]


def test_every_setting_may_come_from_a_file(tmp_path: Path) -> None:
    held = tmp_path / "secret"
    held.write_text("shh\n", encoding="utf-8")
    environ = {"LIBERTAS_CAPTCHA": "hcaptcha", "LIBERTAS_HCAPTCHA_SITEKEY": "key", "LIBERTAS_HCAPTCHA_SECRET_FILE": str(held)}
    assert load(environ).hcaptcha_secret == "shh"
    assert faults({"LIBERTAS_PORT_FILE": str(tmp_path / "absent")}) == ["LIBERTAS_PORT_FILE: cannot be read (FileNotFoundError)"]


@pytest.mark.parametrize("order", [("LIBERTAS_PORT", "LIBERTAS_PORT_FILE"), ("LIBERTAS_PORT_FILE", "LIBERTAS_PORT")])
def test_a_setting_given_twice_is_not_guessed(tmp_path: Path, order: tuple[str, str]) -> None:
    held = tmp_path / "port"
    held.write_text("8100", encoding="utf-8")
    values = {"LIBERTAS_PORT": "8200", "LIBERTAS_PORT_FILE": str(held)}
    (told,) = faults({name: values[name] for name in order})
    assert "set twice" in told


def test_an_unknown_file_setting_is_unknown() -> None:
    assert faults({"LIBERTAS_PROT_FILE": "x"}) == ["LIBERTAS_PROT_FILE: there is no such setting"]


def test_the_captcha_is_off_in_tests_only() -> None:
    assert len(faults({"LIBERTAS_CAPTCHA": "off"})) == 1
    assert load({"LIBERTAS_CAPTCHA": "off"}, insecure_test=True).captcha == "off"
    assert faults({"LIBERTAS_INSECURE_TEST": "1"}) == ["LIBERTAS_INSECURE_TEST: there is no such setting"]


def test_hcaptcha_needs_both_of_its_words() -> None:
    told = faults({"LIBERTAS_CAPTCHA": "hcaptcha"})
    assert [sentence.partition(":")[0] for sentence in told] == ["LIBERTAS_HCAPTCHA_SITEKEY", "LIBERTAS_HCAPTCHA_SECRET"]


def test_every_name_is_a_field_and_every_field_has_a_name() -> None:
    fields = set(settings.Settings.__struct_fields__) - {"insecure_test", "embedded"}
    assert {name.removeprefix(settings.PREFIX).lower() for name in settings.names()} == fields


ANI = note.Cosigner("ani.example/witness", bytes(range(32))).vkey
LEVON = note.Cosigner("levon.example/witness", bytes(range(1, 33)), note.COSIGNATURE).vkey
ANCHOR = note.Signer("levon.example/ledger/anchor", bytes(32)).vkey


def test_witnesses_are_a_policy_its_path_or_a_list(tmp_path: Path) -> None:
    assert load({}).witnesses is None and load({}).witness_for == () and load({}).ml_dsa is True
    text = f"witness ani {ANI} https://ani.example/w\nwitness levon {LEVON}\ngroup both all ani levon\nquorum both\n"
    (tmp_path / "policy").write_text(text)
    pair = f"{ANI} https://ani.example/w, {LEVON} https://levon.example"
    for environ in (
        {"LIBERTAS_WITNESSES": text},
        {"LIBERTAS_WITNESSES": str(tmp_path / "policy")},
        {"LIBERTAS_WITNESSES_FILE": str(tmp_path / "policy")},
        {"LIBERTAS_WITNESSES": pair},
    ):
        found = load(environ).witnesses
        assert found is not None and [each.verifier.vkey for each in found.witnesses] == [ANI, LEVON]
        assert not found.is_met({found.witnesses[0].name}) and found.is_met({each.name for each in found.witnesses})
    found = load({"LIBERTAS_WITNESS_FOR": f"{ANCHOR}, {ANI}", "LIBERTAS_ML_DSA": "off"})
    assert ([each.vkey for each in found.witness_for], found.ml_dsa) == ([ANCHOR, ANI], False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WITNESSES", "nowhere/at/all"),
        ("WITNESSES", f"witness ani {ANI}"),
        ("WITNESSES", f"{ANI} ftp://ani.example"),
        ("WITNESSES", f"{ANCHOR} https://levon.example"),
        ("WITNESS_FOR", "levon.example"),
        ("ML_DSA", "yes"),
    ],
)
def test_a_wrong_witness_stops_the_start(name: str, value: str) -> None:
    assert [sentence.partition(":")[0] for sentence in faults({f"LIBERTAS_{name}": value})] == [f"LIBERTAS_{name}"]
