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
widget-case-released = Released: { $when }.
widget-case-died = Died: { $when }.
