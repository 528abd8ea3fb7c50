# The petition on other people's sites: the element, the card, the badge, the picture to share.

widget-sign = Sign
widget-close = Close the form
widget-frame = Sign: { $title }
widget-failed = The form cannot be shown on this page.
widget-failed-link = Sign on our own page
widget-goal = { $percent } of { $goal }
widget-signatures = { $n ->
    [one] signature
   *[other] signatures
}
widget-sponsors = They stand up for the prisoners
widget-no-sponsors = Nobody yet. Could your town or your association be the first?
widget-sponsor-more = Become a sponsor
share-milestone = people have signed
share-call = Sign the petition
widget-held = { $n ->
    [one] { $n } prisoner is known to be held (as of { $when }).
   *[other] { $n } prisoners are known to be held (as of { $when }).
}
widget-stand = { $n ->
    [0] { $first } stands up for them.
    [one] { $first } and one other stand up for them.
   *[other] { $first } and { $n } others stand up for them.
}
widget-case-held = Held (since: { $since }), still waited for as of { $when }.
widget-case-missing = Forcibly disappeared (since: { $since }), no news as of { $when }.
widget-case-released = Released: { $when }.
widget-case-died = Died: { $when }.

## The builder

builder-title = Show the petition on your site
builder-lead = One line of HTML. It sets no cookie, asks nobody but this site, and tells nobody who is reading.
builder-choose = What shall it show?
builder-petition = Petition
builder-variant = Form
builder-variant-card = Card: title, number, progress, a button to sign
builder-variant-bar = Bar: the same in one row
builder-variant-button = Button only
builder-variant-counter = Number only
builder-variant-sponsors = Those who stand up for the prisoners
builder-variant-case = One prisoner
builder-case = Prisoner
builder-language-page = The language of your page
builder-theme = Light or dark
builder-theme-auto = As the reader has set it
builder-theme-light = Light
builder-theme-dark = Dark
builder-accent = Colour of the button
builder-accent-hint = Optional, such as #8c1c2b. The letters on it become black or white by themselves.
builder-partner = Your partner name
builder-partner-hint = Optional. Signatures from your pages are then credited to you, as a sum.
builder-show = Show it
builder-preview = Preview
builder-copy = Copy the line
builder-line = The line
builder-line-hint = Paste it where it shall appear. Without script a link remains.
builder-others = Other ways
builder-pinned = With a fixed version
builder-pinned-hint = For sites that check every script (SRI). When we change the element you get the new one only with a new line.
builder-frame = A frame, without any script
builder-frame-hint = The form itself. Only sites on our list may show it.
builder-address = WordPress: the address alone
builder-address-hint = Paste it on a line of its own; it becomes a card.
builder-badge = A badge for newsletters and mail signatures
builder-badge-hint = A picture with the number, and a link.
builder-listed = The form appears on sites that we have listed; on all others a link leads here. To be listed, write to us:

## A partner's numbers

partners-title = Numbers for partners
partners-lead = How many signed through your pages. Nobody is told who.
partners-key = Your key
partners-key-hint = It begins with lp_. We keep only its trace; if it is lost, ask for a new one.
partners-show = Show the numbers
partners-before = Until { $when }, that day not included.
partners-day = Day
partners-number = Signatures
partners-none = Nothing to show yet: numbers appear a day late, in tens.
partners-tens = In tens: what a day leaves over is counted with the next.
fault-key-unknown = This key does not work. Please copy it once more, or ask for a new one.
fault-key-quota = This key was used too often within the hour. Please come back later.

## At the desk

desk-nav-partners = Partners
desk-partners-hint = Organizations whose sites carry a petition. Everybody may show the number; only listed sites may show the form.
desk-partner-add = Add a partner
desk-partner-name = Name
desk-partner-name-hint = As it stands beside the box for its news.
desk-partner-slug = Short name
desk-partner-slug-hint = Letters a–z, digits and -, such as hyestart. It stands in the line that the partner copies, and cannot be changed.
desk-partner-ended = Ended
desk-partner-webhooks = Messages to its system: { $waiting } waiting, { $failed } given up
desk-partner-sites = Sites and petitions
desk-partner-sites-label = Sites that may show the form
desk-partner-sites-hint = One on each line, as in the address bar: https://www.example.org
desk-partner-quota = Requests an hour
desk-partner-keys = Keys
desk-partner-key-hint = With a key the partner reads its numbers and fetches its list. Earlier keys go on for seven days.
desk-partner-key-new = Make a new key
desk-partner-key-once = The new key. It is shown only now: hand it over by a safe way.
desk-partner-news = The list for its news
desk-partner-news-sealed = Sealed to the partner’s key; compare its fingerprint by telephone:
desk-partner-news-none = No list: the box is not shown, because there would be no safe place for a yes.
desk-partner-public = Public key
desk-partner-public-hint = The line of its .pub file. Left empty, the list is closed.
desk-partner-sentence = Its own sentence beside the box ({ $language })
desk-partner-end = End the partnership
desk-partner-end-hint = Its sites, keys and webhook stop at once. Its signatures go on counting.
desk-fault-partner-slug = The short name is 1–63 of a–z, 0–9 and -.
desk-fault-partner-name = The name has 1–100 letters.
desk-fault-partner-taken = There is a partner of this short name already.
desk-fault-partner-site = A site is https:// and a host, without a page, such as https://www.example.org.
desk-fault-partner-quota = The number of requests is between 1 and 1,000,000.
desk-fault-partner-consent = The sentence has at most 300 letters.
desk-fault-partner-public = This is no public key: one line that begins with libertas-sealing/v1.
