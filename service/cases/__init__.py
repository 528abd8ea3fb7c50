"""The prisoners we speak for: each with a name in every script, a dated history with its sources, and what the family allows.

Two rules hold throughout. Nothing is said about a prisoner without a source and a date, and numbers are counted over these
rows, never written down. And what the family did not agree to is not public, in no page, answer or picture.

    names     one name, however it is spelled: folding, and finding
    pictures  photos and logos, without what a camera wrote into them
    files     a case's life: entered, published, followed, renamed, merged, taken down
"""

from service.cases.files import (
    CATEGORIES,
    CONSENTS,
    ENDINGS,
    KINDS,
    Case,
    Draft,
    Event,
    Group,
    Numbers,
    Private,
    Translated,
    ask_take_down,
    changed,
    create,
    decide_request,
    edit,
    fact,
    link_petition,
    listing,
    merge,
    note,
    photo,
    publish,
    q,
    record,
    rename,
    requests,
    retract,
    take_down,
    write_fact,
)
from service.cases.names import Index, fold, slug_of, tokens
from service.cases.pictures import Picture, clean, keep_picture, picture

__all__ = [
    "CATEGORIES",
    "CONSENTS",
    "ENDINGS",
    "KINDS",
    "Case",
    "Draft",
    "Event",
    "Group",
    "Index",
    "Numbers",
    "Picture",
    "Private",
    "Translated",
    "ask_take_down",
    "changed",
    "clean",
    "create",
    "decide_request",
    "edit",
    "fact",
    "fold",
    "keep_picture",
    "link_petition",
    "listing",
    "merge",
    "note",
    "photo",
    "picture",
    "publish",
    "q",
    "record",
    "rename",
    "requests",
    "retract",
    "slug_of",
    "take_down",
    "tokens",
    "write_fact",
]
