"""A bit of every byte of a bundle: none can be flipped unnoticed. The suite draws some places; this goes through all of them."""

from __future__ import annotations

import pytest
from torture import tick

from house import House
from service.certificates import seals
from service.errors import Unproven
from service.proof import certificate as proof


@pytest.mark.torture
async def test_no_bit_of_the_sealed_part_of_the_document_can_be_flipped(signed: House) -> None:
    """One bit of every byte of the seal and behind it, and of every 509th before it, in the document alone, without its list."""
    bundle = await signed.certify()
    document, trust = bundle.files["certificate.pdf"], await signed.trust()
    gap = seals._PLACE.search(document)
    assert gap is not None
    begin = int(gap[1])
    places = [byte * 8 + byte % 8 for byte in (*range(0, begin, 509), *range(begin, len(document)))]
    for done, place in enumerate(places, 1):
        changed = bytearray(document)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(Unproven):
            sealed = seals.check(bytes(changed))
            proof.verify_attached(sealed.files, trust)
            if sealed.files != {path: bundle.files[path] for path in sealed.files}:
                raise Unproven("pdf-attachment")
        tick(done, len(places), "document")


@pytest.mark.torture
async def test_no_bit_of_any_file_of_the_bundle_can_be_flipped(signed: House) -> None:
    """One bit of every byte; of the page and the document, which only the list speaks of, one of every 509th."""
    bundle = await signed.certify()
    trust = await signed.trust()
    for done, (path, content) in enumerate(bundle.files.items(), 1):
        for byte in range(0, len(content), 509 if path in ("certificate.pdf", "verify.html") else 1):
            changed = bytearray(content)
            changed[byte] ^= 1 << byte % 8
            with pytest.raises(Unproven):
                proof.verify_bundle({**bundle.files, path: bytes(changed)}, trust)
        tick(done, len(bundle.files), "bundle")
