"""The sponsor's kit: all that a town hall prints to stand for a prisoner in public, in French, English and Armenian.

Every paper is made from the register as it stands, with its sources and its day. The deed, the motion and the press note are
plain texts in ``texts/``, which become a PDF and an editable text by the same blocks; nothing that is filled in is ever markup.

    blocks  a text of the kit as blocks, with what is filled in
    papers  deed, motion, press note and case sheet; pictures to share; codes
    rtf     the same blocks for a word processor
    city    how many of a town's people ask, for its mayor
"""

from service.kits.city import SMALL, Count, count, counts, extract, extract_pdf
from service.kits.papers import CARDS, EDITABLE, PAPERS, Kit, card, code_png, code_svg, pdf, rtf
from service.kits.words import Words, words

__all__ = [
    "CARDS",
    "EDITABLE",
    "PAPERS",
    "SMALL",
    "Count",
    "Kit",
    "Words",
    "card",
    "code_png",
    "code_svg",
    "count",
    "counts",
    "extract",
    "extract_pdf",
    "pdf",
    "rtf",
    "words",
]
