# The desk: signatures taken out of the count, many at once, and put back.

desk-tab-invalidation = Taking out
desk-invalidation-lead = Take signatures out of the count by what they have in common. You see how many, never who; a second person has to agree, and each one stands in the public log with its reason.
desk-invalidation-condition = Which signatures?
desk-invalidation-hint = Everything that you fill in must hold. Several values in one field: with commas between them. Networks, domains, ways in, signs and hours are known for a day after the confirmation; days, versions and numbers always.
desk-invalidation-preview = How many are they?
desk-invalidation-count = { $n ->
    [0] Nobody counted now fits this.
    [one] { $n } signature fits this now.
   *[other] { $n } signatures fit this now.
  }
desk-invalidation-at-least = { $n ->
    [0] None among the first 10,000 that were looked at.
    [one] At least { $n } signature fits this now.
   *[other] At least { $n } signatures fit this now.
  }
desk-invalidation-many = They are too many to count at a glance. Counting every one takes a few seconds; you can propose to take them out when you have seen the exact number.
desk-invalidation-all = Count every one
desk-invalidation-as-of = As of
desk-invalidation-still-out = How many of them are still out?
desk-invalidation-every-act = Everything that was agreed on
desk-invalidation-n = { $n ->
    [one] { $n } counted signature
   *[other] { $n } counted signatures
  }
desk-invalidation-grounds = Reason in the public log
desk-invalidation-grounds-hint = Everybody can read it.
desk-invalidation-propose = Propose to take them out
desk-invalidation-clusters = What they have in common
desk-invalidation-acts = What was agreed on
desk-invalidation-progress = { $done } of { $total }
desk-invalidation-passed = { $n ->
    [one] { $n } had changed meanwhile and was left alone
   *[other] { $n } had changed meanwhile and were left alone
  }
desk-invalidation-stop = Stop
desk-invalidation-resume = Go on
desk-invalidation-reverse = { $n ->
    [one] Put { $n } signature back …
   *[other] Put { $n } signatures back …
  }
desk-invalidation-propose-reverse = Propose to put them back
desk-act-kind-X = Taken out
desk-act-kind-R = Put back
desk-act-state-ready = under way
desk-act-state-stopped = stopped
desk-act-state-done = done
desk-act-invalidation-invalidate = Take signatures out of the count
desk-act-invalidation-reverse = Put signatures back into the count
desk-grounds-duplicate = duplicate: signed twice
desk-grounds-disposable = disposable: throw-away mailboxes
desk-grounds-bounced = bounced: no such mailbox
desk-grounds-fraud = fraud: not signed by people
desk-grounds-organizer-request = organizer-request: the organizers wish it
desk-grounds-court-order = court-order: a court wants it
desk-fact-signatures = Signatures
desk-fact-grounds = Reason in the log
desk-fact-reverses = Takes back
desk-fact-ids = Ids of signatures
desk-fact-received_from = Received from
desk-fact-received_until = Received before
desk-fact-days_from = Confirmed from the day
desk-fact-days_until = Confirmed until the day
desk-fact-prefixes = Network
desk-fact-domains = Mail domain
desk-fact-lanes = Way in
desk-fact-marks = Signs
desk-fact-text_versions = Version of the text
desk-feature-hint-received_from = Such as 2026-11-26 12:00, in UTC.
desk-feature-hint-received_until = Such as 2026-11-26 12:05, in UTC; this minute is not among them.
desk-feature-hint-days_from = Such as 2026-11-26.
desk-feature-hint-days_until = Such as 2026-11-27; this day is among them.
desk-feature-hint-marks = All of them must be there.
desk-feature-hint-prefixes = The code of a cluster: press one in the list, and it stands here.
desk-feature-hint-domains = The code of a cluster: press one in the list, and it stands here.
desk-feature-hint-ids = At most 50.
desk-fault-empty = Fill in at least one field: no act is for everybody.
desk-fault-unreadable-feature = This cannot be read; see the example, and give at most 50 values.
desk-refused-count-changed = The number is not the one that was shown any more. Nothing was done. Count again, and propose it with the new number.
desk-said-act-stopped = Stopped. What was done stays done.
desk-said-act-resumed = It goes on.
desk-said-act-over = It stands differently by now; see below.
