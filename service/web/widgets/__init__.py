"""A petition on other people's pages: the element, the form in a frame, a card, a badge, a picture to share.

Two rules hold throughout. The form may be framed by the sites on the petition's list and by nobody else; and whatever other
people's pages load from here is the same for every reader, sets nothing and asks nobody else.

    element   the one file that a page loads
    cards     what it shows, as ready bytes
    frames    the form for listed sites, a card for all
    oembed    a card by the petition's address alone
    pictures  images to share, badges
    answers   how all of it is served
"""

from litestar import Router

from service.web.widgets.cards import Cards, fronted
from service.web.widgets.element import integrity, pinned, versioned, widget
from service.web.widgets.frames import THEMES, beside, embed, framed, resend, sign
from service.web.widgets.oembed import oembed
from service.web.widgets.pictures import Pictures, badge, share, share_case, share_milestone


def router() -> Router:
    """All that partners' pages ask for."""
    return Router(
        "/",
        route_handlers=[widget, pinned, embed, beside, sign, resend, oembed, share, share_milestone, share_case, badge],
    )


__all__ = ["THEMES", "Cards", "Pictures", "framed", "fronted", "integrity", "router", "versioned"]
