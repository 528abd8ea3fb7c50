"""Everything that makes the public number checkable by a stranger: bytes in, bytes out.

No clock, no randomness, no database, no framework. It imports nothing of ours but ``service.errors``, so that the whole
folder can be lifted out, read in an afternoon, and run by somebody who trusts none of the rest.

    canonical     one value, one spelling: JSON, base64, decimal numbers
    merkle        the tree of RFC 6962: roots, inclusion and consistency
    tiles         the same tree as static files, after C2SP tlog-tiles
    note          signed notes, checkpoints and proofs in one file, after C2SP signed-note, tlog-checkpoint, tlog-proof
    entries       the grammar of a petition's log, and the count as a function of it
    commitment    how one signer becomes 32 bytes that say nothing, and the manifest of the text that was signed
    sshsig        signatures that ``ssh-keygen -Y verify`` accepts
    certificate   the evidence bundle that an institution receives, and its offline verification

Whatever does not verify raises ``Unproven`` with a stable name; `docs/formats.md` lists all of them. ``ValueError`` means that
our own caller asked for something impossible.
"""
