"""Those who stand for a prisoner in public: who they are, what they signed or voted, what they do, until he is free.

Two rules hold throughout. Only organizers write what the public sees; what somebody offers on a form stays sealed until they
have spoken with that person. And a sponsorship goes forward only: agreed, signed or voted, announced, active, and then
handed over, fulfilled or ended; every step stays in its history.

    record    what the database keeps of a sponsor and a sponsorship
    offers    somebody offers: a sealed row, a mail, a press, and then it waits for an organizer
    pledges   a sponsorship's life, and the sponsor's acts
    register  all of it in memory, as the public may see it
"""

from service.sponsors.offers import (
    Offer,
    Seen,
    accept,
    forget,
    knows,
    look,
    mail_due,
    offer_id,
    offers,
    refuse,
    submit,
    suppress_due,
    verify,
    was_not_me,
)
from service.sponsors.pledges import (
    act,
    activate,
    agree,
    announce,
    contact,
    create,
    drop_city,
    edit,
    end,
    hand_over,
    history,
    logo,
    merge,
    paper,
    paper_content,
    pledges,
    record,
    retract_act,
    sign,
    sponsors,
    start_active,
    write_city,
)
from service.sponsors.record import ACTS, DEEDS, KINDS, LIVING, PUBLIC, Act, Contact, Deed, Draft, Sponsor, Sponsorship, q
from service.sponsors.register import City, Gone, Register, Snapshot

__all__ = [
    "ACTS",
    "DEEDS",
    "KINDS",
    "LIVING",
    "PUBLIC",
    "Act",
    "City",
    "Contact",
    "Deed",
    "Draft",
    "Gone",
    "Offer",
    "Register",
    "Seen",
    "Snapshot",
    "Sponsor",
    "Sponsorship",
    "accept",
    "act",
    "activate",
    "agree",
    "announce",
    "contact",
    "create",
    "drop_city",
    "edit",
    "end",
    "forget",
    "hand_over",
    "history",
    "knows",
    "logo",
    "look",
    "mail_due",
    "merge",
    "offer_id",
    "offers",
    "paper",
    "paper_content",
    "pledges",
    "q",
    "record",
    "refuse",
    "retract_act",
    "sign",
    "sponsors",
    "start_active",
    "submit",
    "suppress_due",
    "verify",
    "was_not_me",
    "write_city",
]
