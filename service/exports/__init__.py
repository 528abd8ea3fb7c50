"""Lists that leave the house: for our own work, for a recipient that asks for names, and as open figures for everybody.

Two rules hold throughout. A list stands under one checkpoint, so that its total is the certified one; and a name leaves the
server only sealed to the organizers' offline keys, to be opened on their own machine (``libertas open-export``).

    tables      the four formats, row by row, whatever the number of rows
    writing     what the server writes, and whom it must remember to have written
    opening     what the organizers' machine makes of it: names, in the narrower of two visibilities, and totals
"""

from service.exports.opening import Opened, open_file
from service.exports.tables import FORMATS
from service.exports.writing import EXPORT, SHAPES, Export, Profile, confirm_removals, facts, made, q, removals, write

__all__ = [
    "EXPORT",
    "FORMATS",
    "SHAPES",
    "Export",
    "Opened",
    "Profile",
    "confirm_removals",
    "facts",
    "made",
    "open_file",
    "q",
    "removals",
    "write",
]
