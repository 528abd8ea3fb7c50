r"""Fetch your list, open it with your private key, and write the CSV that a CRM imports.

    python crm_import.py --base https://petition.example.org --partner-key lp_… --private-key hyestart.key \
        --state list.json --out contacts.csv

Run it as often as you like: ``--state`` remembers how far it came and who is on the list; whoever took their yes back is no
longer in the CSV. It needs Python 3.11 and the ``cryptography`` package (50 or later), and runs on your machine only.
"""

import argparse
import base64
import csv
import json
import os
import urllib.parse
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
INFO = b"libertas sealed/v1\0"


def private_key(path: Path) -> MLKEM768X25519PrivateKey:
    """The key in a .key file without a passphrase: 64 bytes of ML-KEM seed, then 32 of X25519."""
    kept = json.loads(path.read_bytes())
    if kept["lock"] is not None:
        raise SystemExit("this key is under a passphrase; make a copy without one on this machine, or use `libertas open-export`")
    secret = base64.b64decode(kept["secret"])
    return MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(secret[:64]), x25519.X25519PrivateKey.from_private_bytes(secret[64:])
    )


def opened(key: MLKEM768X25519PrivateKey, box: bytes) -> dict[str, str]:
    """One yes. A box says which petition (16 bytes) and which row (16 bytes) it is for, and opens for no other."""
    if box[:1] != b"\x02" or box[33] != 1:
        raise SystemExit("this is no row of a partner's list")
    sealed = box[34 + 10 :]  # after 8 bytes of the key's fingerprint and 2 of length
    told: dict[str, str] = json.loads(HPKE.decrypt(sealed, key, info=INFO + box[1:33] + b"partner-news"))
    return told


def fetched(base: str, partner_key: str, after: str) -> dict[str, object]:
    address = f"{base}/api/v1/partner/news?{urllib.parse.urlencode({'after': after})}"
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {partner_key}"})  # noqa: S310 - the address is yours
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
        told: dict[str, object] = json.load(answer)
    return told


def safe(text: str) -> str:
    """A cell that begins like a formula gets an apostrophe, so that no table program runs what somebody typed."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def main() -> None:
    line = argparse.ArgumentParser(description="Your list as a CSV.")
    line.add_argument("--base", required=True)
    line.add_argument("--partner-key", default=os.environ.get("PARTNER_KEY", ""))
    line.add_argument("--private-key", type=Path, required=True)
    line.add_argument("--state", type=Path, required=True)
    line.add_argument("--out", type=Path, required=True)
    options = line.parse_args()
    key = private_key(options.private_key)
    state = json.loads(options.state.read_text()) if options.state.exists() else {"after": "", "people": {}}
    while True:
        told = fetched(options.base, options.partner_key, state["after"])
        if not told["news"]:
            break
        for row in told["news"]:  # type: ignore[attr-defined]
            if row["sealed"] is None:
                state["people"].pop(row["id"], None)
            else:
                state["people"][row["id"]] = opened(key, base64.b64decode(row["sealed"])) | {"day": row["day"]}
        state["after"] = told["next"]
    options.state.touch(mode=0o600)
    options.state.write_text(json.dumps(state))
    columns = ("email", "name", "language", "petition", "day", "wording")
    options.out.touch(mode=0o600)
    with options.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for person in state["people"].values():
            table.writerow([safe(person[column]) for column in columns])
    print(f"{len(state['people'])} people in {options.out}")


if __name__ == "__main__":
    main()
