# What organizers read at the desk, in English. The same messages and variables as in the other languages.

## The frame

desk-title = The desk
desk-demo = A demonstration: nothing leaves this machine, and no signature counts.
desk-menu = Menu
desk-nav = The desk's pages
desk-nav-home = Petitions
desk-nav-approvals = Approvals
desk-nav-people = People
desk-nav-audit = Trail
desk-sign-out = Sign out
desk-footer = Here you see counts and states, never the list of those who signed.
desk-to-site = To the public site
desk-waiting = { $n ->
    [one] waiting for a second person
   *[other] waiting for a second person
  }
desk-no-passkey = You came in by a link that works once, and have no passkey yet. Without one you cannot come back, nor agree to what needs two people.
desk-no-passkey-link = Make your first passkey
desk-second-passkey = You have one passkey. If that device is lost, you need a colleague to come back in.
desk-second-passkey-link = Add a second one
desk-save = Save
desk-change = Change
desk-back = Back to the desk
desk-by-service = the service
desk-somebody-gone = somebody who has left

## What was done

desk-said-saved = Saved.
desk-said-signed-out = You are signed out.
desk-said-passkey-added = The passkey is kept. You can sign in with it from now on.
desk-said-passkey-removed = The passkey is removed, and your other sessions have ended.
desk-said-session-ended = The session has ended.
desk-said-invited = The invitation is on its way by mail.
desk-said-proposed = Proposed. It is done when a second person agrees.
desk-said-approved = Approved.
desk-said-done = Approved and done.
desk-said-refused = Refused. Nothing was changed.

## Sign-in

desk-sign-in = Sign in
desk-sign-in-lead = With the passkey on your phone, laptop or security key. There is no password that could be stolen.
desk-sign-in-button = Sign in with a passkey
desk-sign-in-help = I cannot sign in
desk-sign-in-help-first = For the first time? Open the link in your invitation; it leads to your first passkey.
desk-sign-in-help-lost = Lost your passkeys? Call a colleague who manages people here. They can help you back in: you get a link by mail, and a number from them.
desk-passkey-wait = Your browser asks for your passkey …
desk-passkey-failed = The passkey was not used. You can try again.
desk-passkey-refused = This passkey is not known here. Try another one, or ask a colleague.
desk-passkey-none = This browser knows no passkeys. A current Firefox, Chrome, Edge or Safari does.
desk-passkey-later = Too many attempts just now. Please try again in a minute.
desk-passkey-stale = This page is too old. Please reload it and try again.
desk-passkey-noscript = A passkey is the one thing here that needs JavaScript. Please allow it for this page.
desk-link-gone = This link leads nowhere any more
desk-link-gone-text = It was used already, or its time is over. Ask the colleague who invited you for a new one.
desk-join = Welcome
desk-join-invite = Welcome to the desk
desk-join-invite-text = On the next page you make your first passkey: your phone or laptop will ask for your finger, your face or its PIN. It takes a minute.
desk-join-recover = Welcome back
desk-join-recover-text = Your colleague has told you a number of eight digits. With it you can make a new passkey; your old ones and your sessions end.
desk-join-demo = The desk of the demonstration
desk-join-demo-text = You come in as an organizer with every role. Outside the demonstration this takes an invitation and a passkey.
desk-join-button = Come in
desk-code = The number from your colleague
desk-code-hint = Eight digits. After five wrong ones the link ends.
desk-fresh = Is it really you?
desk-fresh-text = What you are about to do matters. Please use your passkey once more; what you typed is kept, and it goes on at once.
desk-fresh-button = Use my passkey and go on
desk-fresh-none = You have no passkey yet. Add one first.

## Oneself

desk-account = You
desk-you = Name and language
desk-name = Name
desk-name-hint = What colleagues see. It is kept sealed.
desk-language = Language
desk-email = E-mail address
desk-passkeys = Passkeys
desk-passkeys-first = Make your first passkey now. Until then nothing else here can be seen.
desk-passkeys-second = Please add a second one on another device, for the day when this one is lost.
desk-passkey-add = Add a passkey
desk-passkey-added = added on { $when }
desk-passkey-used = last used on { $when }
desk-passkey-synced = kept by your provider, too
desk-passkey-remove = Remove this passkey
desk-label = What it is called
desk-label-new = What the new passkey is called
desk-label-hint = So that you know it again, such as "phone" or "key in the drawer".
desk-sessions = Where you are signed in
desk-sessions-hint = A session ends by itself after 30 minutes without a visit, and after 12 hours in any case.
desk-session-this = this one
desk-session-begun = since
desk-session-end = End it
desk-sessions-end-others = End all others
desk-device-unknown = Unknown device

## Petitions

desk-home = Petitions
desk-home-none = There is no petition of yours yet.
desk-home-approvals = { $n ->
    [one] { $n } proposal waits for a second person.
   *[other] { $n } proposals wait for a second person.
  }

## Approvals

desk-approvals-lead = What cannot be undone, and what touches everybody's data, needs two people. Read what would be done, and why.
desk-approvals-none = Nothing waits.
desk-approvals-over = What was decided lately
desk-proposed-by = Proposed by
desk-reason = Why
desk-reason-hint = The second person reads this, and it is kept. Name nobody who signed.
desk-due = Can be done from
desk-lapses = Lapses
desk-approve = Approve
desk-refuse = Refuse
desk-withdraw = Withdraw
desk-carry-out = Carry out
desk-decision-approved = Approved by
desk-decision-due = Approved by
desk-decision-done = Approved by
desk-decision-refused = Refused by
desk-decision-withdrawn = Withdrawn by
desk-decision-expired = Approved by
desk-approval-done = done
desk-approval-refused = refused
desk-approval-withdrawn = withdrawn
desk-approval-expired = lapsed
desk-approval-waiting = waiting
desk-approval-approved = approved
desk-approval-due = can be done
desk-act-people-invite = Invite somebody
desk-act-people-roles = Change somebody's roles
desk-act-people-remove = Remove somebody
desk-fact-person = Person
desk-fact-roles = Roles

## People

desk-roles = Roles
desk-role = Role
desk-all-associations = All associations
desk-role-editor = Editor
desk-role-editor-hint = petitions, texts, news
desk-role-moderator = Moderator
desk-role-moderator-hint = what is held, shown or invalidated
desk-role-certifier = Certifier
desk-role-certifier-hint = certificates, deliveries, exports
desk-role-operator = Operator
desk-role-operator-hint = people, keys, the trail
desk-person-proposed = waits for approval
desk-person-invited = invited
desk-person-active = active
desk-person-passkeys = { $n ->
    [one] { $n } passkey
   *[other] { $n } passkeys
  }
desk-invite = Invite somebody
desk-invite-hint = They get a link by mail that is good for seven days and leads to their first passkey.
desk-invite-button = Invite
desk-invite-again = Send the invitation again
desk-people-invite-reason = A new colleague
desk-associations = Associations
desk-associations-hint = A petition may belong to one association; then only its people, and those with a role in all, can see it here.
desk-association-name = Name of a new association
desk-association-slug = Short name
desk-association-slug-hint = Small letters, digits and hyphens; it stays as it is.
desk-association-add = Add the association
desk-roles-hint = New roles begin with a new sign-in: the person's sessions end, and they are told by mail.
desk-roles-save = Change the roles
desk-recover = Help back in
desk-recover-text = When somebody has lost all their passkeys: they get a link by mail, and you tell them a number on the phone. Be sure that you know their voice.
desk-recover-button = Send the link and show me the number
desk-recover-code = Tell them this number
desk-recover-code-text = It is shown only now. Tell it by voice, never by mail. It works for 24 hours, together with the link.
desk-remove = Remove
desk-remove-text = Passkeys, sessions, name and address are deleted. What the person did stays in the trail, without the name.
desk-remove-button = Remove this person

## The trail

desk-audit-lead = Who did what here, and when. This service can add lines and change none.
desk-audit-check = Check that it is whole
desk-audit-whole = { $n ->
    [one] { $n } line, and it is as it was written.
   *[other] All { $n } lines are as they were written.
  }
desk-audit-broken = The trail was changed: { $detail }. Please tell the operator at once, and change nothing.
desk-audit-person = Person
desk-audit-anybody = anybody
desk-audit-act = Act
desk-audit-filter = Show
desk-audit-number = No.
desk-audit-more = Earlier

## What is refused

desk-refused = That did not work
desk-refused-other = Nothing was changed. Please go back and try again.
desk-refused-404-title = There is no such page
desk-refused-404 = Perhaps it is not there any more, or your roles do not lead to it.
desk-refused-cross-origin = This did not come from a page of the desk that is still good. Please open the page anew and send it again.
desk-refused-too-large = That was too long. Nothing was stored; the text is still in your browser if you go back.
desk-refused-busy = The desk is busy for a moment. Nothing was stored; please try again.
desk-refused-last-passkey = Your only passkey cannot be removed. Add another one first.
desk-refused-approval-own = Another person has to decide on this.
desk-refused-approval-decided = Somebody was faster: this has been decided already.
desk-refused-approval-done = This has been done already.
desk-refused-approval-expired = The time for this is over. Propose it again if it is still needed.
desk-refused-approval-not-due = This has to wait until its hour.
desk-refused-last-operator = Nobody would be left to manage people. Give somebody else the role first.
desk-fault-role = Choose at least one role.
desk-fault-organizer-known = Somebody with this address has an account already.
desk-fault-last-operator = Nobody would be left to manage people. Give somebody else the role first.
desk-fault-reason-missing = Say why; the second person has to know.
desk-fault-reason-too-long = At most 500 characters, please.
desk-fault-slug = Small letters, digits and hyphens only.
desk-fault-slug-taken = This short name is taken.
desk-fault-name-missing = A name is needed.
desk-fault-label-missing = A name is needed.
desk-fault-code = That is not the number. Ask your colleague to read it out again.

## A petition

desk-tabs = Pages of this petition
desk-tab-overview = Overview
desk-tab-text = Text
desk-tab-setup = Dates and recipients
desk-tab-history = Versions
desk-new = New petition
desk-new-lead = It begins as a draft that only your colleagues see. Everything but its address can be changed until it opens.
desk-new-button = Create the draft
desk-slug = Address
desk-slug-hint = Small letters, digits and hyphens: what follows { $base }
desk-opens-at = Opens
desk-opens-at-hint = Empty: when you press "Open now".
desk-opens-by-hand = when you press "Open now"
desk-closes-at = Closes
desk-closes-at-hint = Empty: no deadline yet. A pause moves it by the time that it lasts.
desk-no-deadline = no deadline
desk-time-zone = Time zone
desk-goals = Goals
desk-goals-hint = One or several, such as 1000, 5000, 20000: the page shows the next one that is not reached.
desk-association = Belongs to
desk-rules = Rules that cannot change later
desk-protected = Protected petition
desk-protected-hint = For people in danger: the number moves rarely and in large steps, and everybody gets the same mail.
desk-sealed = Names sealed to your offline keys
desk-sealed-hint = 24 hours after a confirmation, this server can no longer read name and address; only whoever holds a key can.
desk-sealed-demo = In this demonstration the keys lie on the server itself, so nothing is hidden from it.
desk-identities = Identities
desk-setup-over = This petition is over; its dates stay as they are.
desk-recipients = Recipients
desk-recipients-hint = Which fields the form asks, and the sentence that signers read, follow from how each recipient treats signatures.
desk-recipients-save = Address it to these
desk-recipients-none = No office is entered yet.
desk-recipients-unset = nobody yet
desk-asks-locality = The form then asks for town or postcode.
desk-state = State
desk-paused-since = since
desk-address = Address
desk-text-version = Version of the text
desk-not-published = not published yet
desk-next = What comes next
desk-next-text = Write the text in every language
desk-next-missing = not whole yet:
desk-next-recipients = Choose the recipients
desk-next-publish = Publish the text
desk-newer-draft = What is being written differs from what is published.
desk-do-open = Open
desk-do-open-now = Open now
desk-do-pause = Pause
desk-do-close = Close for good
desk-close-sure = Close it for good?
desk-close-sure-text = Nobody can sign any more, and nobody can open it again. Whoever has a link in the mail can still confirm for 24 hours.
desk-close-not = No, it stays as it is
desk-do-archive = Archive
desk-do-hint-draft = "Open" keeps the hour that is set; until then the petition is shown as scheduled.
desk-do-hint-scheduled = It opens by itself at its hour.
desk-do-hint-open = While paused nobody can sign, and the deadline moves by the time that the pause lasts. Closing cannot be undone: confirmations are taken for 24 hours more, then the number is final.
desk-do-hint-paused = When it goes on, the deadline has moved by the time that the pause lasted.
desk-do-hint-closed = It can be archived when the last confirmations are in, 24 hours after closing.
desk-publishing = The text is being published; this takes a moment.
desk-publishing-failed = The text could not be published: { $why }
desk-said-created = The draft is there. Now its text.
desk-said-publishing = The text goes to the log as its next version.
desk-said-life-open = It takes its course.
desk-said-life-open-now = It is open. Sign it yourself, then share its address.
desk-said-life-pause = It is paused. The deadline moves by the time that this lasts.
desk-said-life-close = It is closed. Confirmations are taken for 24 hours more.
desk-said-life-archive = It is archived.
desk-part-title = Title
desk-part-title-hint = What is demanded, in one line. It also stands in mails.
desk-part-summary = Summary
desk-part-summary-hint = Two or three sentences for lists and shares.
desk-part-statement = What is signed
desk-part-statement-hint = The exact words, in Markdown: an empty line between paragraphs, **bold**, - for lists, [words](https://…) for links. No pictures.
desk-part-consent = Consent
desk-part-consent-hint = What a signer agrees to with the box. Signing may reveal opinion or origin, so it must be explicit.
desk-part-privacy = What happens to the data
desk-part-privacy-hint = Stands beside the consent, and is part of what was agreed to.
desk-preview = Preview
desk-publish = Publish
desk-publish-hint = A published text never changes. The next one becomes a new version in the public log; who signed before stays bound to the old one.
desk-text-published = Version { $n } is published. Saving here changes nothing for signers; publishing makes the next version.
desk-theirs = A colleague saved meanwhile
desk-theirs-text = Below is what they saved; the form still holds what you typed. Bring the two together, then save.
desk-honest = What signers are told about each recipient
desk-honest-hint = These sentences come from the recipients' profiles and stand on the petition's page.
desk-history-lead = Every version as it was published, and what changed in it. Nothing here can be altered.
desk-version = Version { $n }
desk-default-consent = I explicitly consent to the data in this form being processed to verify and count my signature of this petition, knowing that signing may reveal my political opinions or my origin (GDPR, Article 9).
desk-default-privacy = Your name and address are kept encrypted and serve only to verify and manage this signature; the public ledger holds nothing of them and tells nobody who signed. Your name is published or handed over only where you have chosen so separately. You can withdraw your signature or have your data erased at any time, with the link that you receive by e-mail.
desk-refused-life = Its state does not allow this now. The page shows how it stands.
desk-refused-unsealable = A sealed petition needs a text that names at least two offline keys. Ask the operator to add them, then publish the text again.
desk-fault-moment = A date and an hour, such as 2027-04-24 09:00.
desk-fault-closes-before = It must close after it opens, and in the future.
desk-fault-goals = Whole numbers, with commas between them.
desk-fault-text-too-long = This is too long.
desk-fault-text-letters = There are invisible characters in it, or a line break in the title.
desk-fault-text-missing-en = The English text is not whole yet: title, summary, statement, consent, data.
desk-fault-text-missing-fr = The French text is not whole yet: title, summary, statement, consent, data.
desk-fault-text-missing-hy = The Armenian text is not whole yet: title, summary, statement, consent, data.
desk-fault-draft-changed = A colleague saved meanwhile. Nothing of yours is lost: it is in the form below.
desk-fault-publishing = A version is being published just now. Please wait a moment and try again.

## Numbers

desk-tab-numbers = Numbers
desk-confirmed = Confirmed
desk-received = Forms received
desk-rate = Confirmed of those mailed
desk-lag = Half confirm within
desk-minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
  }
desk-held = Held
desk-goal = Of the goal
desk-goal-done = The goal of { $goal } is reached.
desk-forecast = At the pace of the last two weeks, { $goal } is reached about { $when }.
desk-forecast-none = There is no pace yet from which to tell when { $goal } is reached.
desk-confirmed-by-day = Confirmed, by day
desk-received-by-day = Received, by day
desk-settling = Those of the last 24 hours join the days once they are settled.
desk-chart-day = { $n ->
    [one] Each column is a day.
   *[other] Each column is { $n } days.
  }
desk-chart-week = { $n ->
    [one] Each column is a day.
   *[other] Each column is { $n } days.
  }
desk-chart-sum = The line is the running total.
desk-as-table = As a table
desk-day = Day
desk-under = under { $n }
desk-nothing-yet = Nothing yet.
desk-by-country = By country
desk-by-language = By language
desk-by-partner = By partner
desk-own-page = our own page
desk-unknown = unknown
desk-others = Others
desk-merged = Cells of fewer than { $n } are merged, so that nobody can be recognised in them.
desk-deliveries = Deliveries
desk-deliveries-n = { $n ->
    [0] Nothing is planned yet.
    [one] { $n } delivery planned or made.
   *[other] { $n } deliveries planned or made.
  }
desk-due-deliver = to be handed over by { $when }
desk-due-answer = an answer is due by { $when }
desk-due-late = The day is over:
desk-home-due = What is due
desk-covered = Prisoners and sponsors
desk-covered-n = { $sponsored } of { $held } who are held have a sponsor of their own.
desk-covered-alone = { $n ->
    [one] One has nobody yet:
   *[other] { $n } have nobody yet:
  }

## Mail

desk-nav-mail = Mail
desk-mail-due = { $n ->
    [one] { $n } mail is on its way.
   *[other] { $n } mails are on their way.
  }
desk-mail-oldest = { $n ->
    [one] The oldest has waited { $n } minute.
   *[other] The oldest has waited { $n } minutes.
  }
desk-mail-hint = Providers in trouble over the last seven days. Each is shown by a short mark that cannot be turned back into its name.
desk-mail-well = All is well: no provider refuses us, and nothing has failed.
desk-mail-provider = Provider
desk-mail-failed = Failed
desk-mail-codes = Answers
desk-mail-paused = Paused until

## Moderation

desk-tab-held = Held
desk-tab-names = Names
desk-held-n = { $n ->
    [0] No form is held.
    [one] { $n } form is held: stored, not mailed, not counted.
   *[other] { $n } forms are held: stored, not mailed, not counted.
  }
desk-held-hint = Let go on what looks like people; each then gets the usual mail and has to confirm. Refuse what looks like a machine. Nobody's name is shown here.
desk-held-oldest = Shown are the oldest { $n }. Decide these, and the next ones come.
desk-clusters = In clusters
desk-cluster-prefix = Same network
desk-cluster-domain = Same mail domain
desk-cluster-marks = Same signs
desk-no-marks = none
desk-held-forms = { $n ->
    [one] { $n } form
   *[other] { $n } forms
  }
desk-on-its-way = { $n ->
    [one] { $n } goes on
   *[other] { $n } go on
  }
desk-release = Let go on
desk-one-by-one = One by one
desk-held-all = show all
desk-lane = Way in:
desk-same-network = { $n ->
    [one] alone in its network
   *[other] { $n } from this network
  }
desk-same-domain = { $n ->
    [one] alone in its domain
   *[other] { $n } from this domain
  }
desk-said-held-changed = The cluster has changed meanwhile; nothing was done. Please look again.
desk-said-held-released = They go on; the mails follow.
desk-said-held-refused = Refused. Nothing personal is left of them.
desk-names-n = { $n ->
    [0] No name waits.
    [one] { $n } name waits to be looked at.
   *[other] { $n } names wait to be looked at.
  }
desk-names-hint = These people asked to be named in public. Refuse what is no name, or names somebody else. What you show appears tomorrow, with the day's others.
desk-names-show = Show the ticked
