### The register: prisoners, sponsors, support. See docs/register.md.

## Cases

cases-title = The prisoners
cases-lead = Each has a name, a date and a source. To sponsor one of them is to speak up in public until that person is home.
cases-held = { $n ->
    [one] still held
   *[other] still held
  }
cases-of-start = of { $first } at the start ({ $when })
cases-of = of { $first } in this register
cases-as-of = as of { $when }
cases-freed = { $n ->
    [one] { $n } released
   *[other] { $n } released
  }
cases-died = { $n ->
    [one] { $n } died
   *[other] { $n } died
  }
cases-missing = { $n ->
    [one] person forcibly disappeared, counted apart
   *[other] people forcibly disappeared, counted apart
  }
cases-covered = { $sponsored } of the { $held } people still waited for have a sponsor.
cases-source = source
cases-counted = These numbers are counted over the files of this register, each with its source; they are written down nowhere.
cases-search = Find a name
cases-search-hint = In any script or spelling: Սարգսյան, Sargsyan, Sarkissian.
cases-search-button = Search
cases-found = { $n ->
    [one] { $n } person found for “{ $text }”
   *[other] { $n } people found for “{ $text }”
  }
cases-none = Nobody of this name is in the public register.
cases-none-such = Nobody is on this list at present.
cases-empty = The register is still empty.
cases-show = Show
cases-show-all = everyone
cases-show-held = held
cases-show-alone = without a sponsor
cases-show-free = released
cases-show-missing = disappeared
cases-page = Page { $page } of { $pages }
cases-earlier = Previous page
cases-later = Next page
cases-all-link = All the prisoners
sample-mark = Sample: this person does not exist.
sample-sponsor = sample
sample-sponsor-note = Sample: this sponsor does not exist.
category-prisoner-of-war = Prisoner of war
category-civilian = Civilian
category-official = Public official
category-disappeared = Forcibly disappeared
status-captured = Captured
status-confirmed = Detention confirmed by the ICRC
status-tried = On trial
status-sentenced = Sentenced
status-transferred = Transferred
status-released = Released
status-died = Died
status-missing = Missing
status-unknown = No news
clock-held = { $n ->
    [one] day in detention
   *[other] days in detention
  }
clock-missing = { $n ->
    [one] day without news
   *[other] days without news
  }
clock-ended = { $n ->
    [one] day until the return
   *[other] days until the return
  }
clock-ended-died = { $n ->
    [one] day until death
   *[other] days until death
  }
clock-since = { $precision ->
    [day] since { $when }
   *[other] since { $when }
}
clock-span = from { $from } to { $to }
case-also = Also spelled
case-story = A life
case-history = What happened
case-history-note = Each line has its source, and the day on which somebody looked at it.
case-checked = looked at on { $when }
case-photo-credit = Photo: { $credit }, { $licence }
case-sponsors = The sponsors
case-sponsors-none = Nobody has come forward yet.
case-sponsors-group = Stand for the whole group
case-sponsors-count = { $n ->
    [one] { $n } sponsor
   *[other] { $n } sponsors
  }
case-sponsors-zero = no sponsor yet
case-offer = Become a sponsor
case-kit = The sponsor’s kit
case-petitions = Petitions
case-share = Pass it on
case-share-why = A message from you is worth ten posters.
case-share-link = Address of this page
site-share-link = Address of this site
case-free-note = Free at last. Thank you to all who spoke up.
case-correct = A mistake, or a wish of the family?
case-take-down = Ask for a correction, or for this page to be taken down
case-gone-title = This page was taken down
case-gone-text = It was taken down at the wish of the family, or out of care. The person is still counted, without a name.

## Take-down

take-down-title = Ask for a correction or a removal
take-down-lead = Tell us what should change. A person reads every request; those of families come first.
take-down-who = Who are you to this person?
take-down-who-hint = For example: his sister, his lawyer, a reader.
take-down-contact = How can we answer you? (optional)
take-down-what = What should change?
take-down-button = Send the request
take-down-done = Thank you. We have it, and a person will read it.
take-down-sealed = What you write is encrypted; only the organizers read it, and it is deleted once it is answered.
fault-who = Say in a few words who you are.
fault-what = Say what should change, in at most 2,000 characters.
fault-contact = Write an address or a number, in at most 200 characters.

## Sponsors

sponsors-title = The sponsors
sponsors-lead = Towns, members of parliament, associations, universities: each has signed a deed or voted a motion, in public, and stands by it.
sponsors-count = { $n ->
    [one] { $n } sponsor, in { $countries } countries
   *[other] { $n } sponsors, in { $countries } countries
  }
sponsors-none = No sponsorship has been announced yet. Yours may be the first.
sponsors-none-such = No sponsor of this kind.
sponsors-all = all
sponsors-show = Show
sponsors-col-name = Sponsor
sponsors-col-kind = Kind
sponsors-col-country = Country
sponsors-col-for = Stands for
sponsor-website = Website
sponsor-for = Stands for
sponsors-col-acts = Actions
sponsors-group = the whole group
sponsors-table = Sponsors, by country and kind
sponsors-how = How to sponsor
sponsors-link = All sponsors
kind-city = City or region
kind-parliamentarian = Member of parliament
kind-party = Party group
kind-ngo = Association, NGO
kind-university = University
kind-personality = Personality
kind-religious = Religious body
kind-company = Company
deed-deed = Deed signed in { $place } on { $when }
deed-motion = Motion voted in { $place } on { $when }
deed-reference = no. { $reference }
deed-vote = vote: { $vote }
deed-paper = the document
pledge-announced = announced
pledge-active = active
pledge-handed-over = handed over
pledge-fulfilled = fulfilled: released
pledge-ended = ended
pledge-mandate = mandate until { $when }
act-letter = Letter
act-speech = Speech
act-visit = Visit
act-motion = Motion
act-question = Question
act-article = Article
act-event = Event
act-proof = proof
sponsored-by = Sponsored by
sponsored-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
  }
sponsored-and = { $n ->
    [one] and { $count } signer
   *[other] and { $count } signers
  }
petition-held = In the campaign’s register:
how-1-title = Choose
how-1 = One person, or the whole group. These have the fewest sponsors.
how-2-title = Offer
how-2 = Fill in the form and confirm your address. An organizer answers you; nothing is published without you.
how-3-title = Sign in public
how-3 = A deed signed at the town hall, or a vote of the council. The kit holds the deed and a model motion.
how-4-title = Speak up
how-4 = A letter to the family, a question, an article, a visit: each act is published with its proof.

## The offer

offer-title = Offer to sponsor
offer-lead = For a town, an institution, an association, or yourself. Nothing that you write here is published.
offer-who-title = Who stands as sponsor
offer-kind = You offer on behalf of
offer-choose = Choose
offer-sponsor = Name of the sponsor
offer-sponsor-hint = The town, institution, association or person who would be named in public.
offer-country = Country
offer-mandate = End of the mandate (optional)
offer-mandate-hint = For somebody elected: we will then ask you who goes on.
offer-case = Whom would you stand for?
offer-case-group = The whole group
offer-case-fewest = Those with the fewest sponsors
offer-case-others = The others
offer-you-title = With whom to speak
offer-name = Your name
offer-role = Your role
offer-role-hint = For example: deputy mayor, head of office, chair.
offer-email = Your e-mail address
offer-email-hint = Preferably the institution’s. We send one message there, with a button to confirm.
offer-phone = Telephone (optional)
offer-message = A word to the organizers (optional)
offer-consent = I agree that the organizers keep these data, encrypted, to answer me.
offer-button = Offer
offer-privacy = Only the organizers read these data. They are deleted when the offer is not confirmed within thirty days, or is not taken up.
offer-sent-title = Look into your mail
offer-sent-lead = For the organizers to see your offer, open the message that we send to:
offer-sent-old = If you sent the form, a message is on its way to the address that you gave.
offer-sent-step-press = Press “Confirm my offer”.
offer-sent-step-answer = An organizer writes to you, usually within a few days.
offer-sent-change = Back to the form
offer-ask-title = Confirm your offer
offer-ask-text = One press, and the organizers see your offer to sponsor.
offer-ask-button = Confirm my offer
offer-ask-for = Offer for
offer-ask-freed = { $name } has been released in the meantime. Please confirm all the same: an organizer will suggest somebody who still waits.
offer-ask-gone = That page was taken down in the meantime. Please confirm all the same: an organizer will suggest somebody who still waits.
offer-not-me = This was not me
offer-not-me-text = Somebody else gave my address. Delete the offer and never write to me again.
offer-verified-title = Thank you. Your offer has arrived.
offer-verified-text = An organizer will write to this address. Meanwhile, the kit is ready:
offer-over-title = This offer waits no longer
offer-over-text = It has expired, or it was answered. Nothing of it is kept here.
offer-unknown-title = We do not know this link
offer-unknown-text = It may have been cut while copying. Nothing has changed.
offer-again = Offer to sponsor
fault-kind = Choose who stands as sponsor.
fault-sponsor = Write the sponsor’s name, in at most 120 characters, without a web address.
fault-case = Choose a person from the list, or the whole group.
fault-phone = Write a number, or leave this empty.
fault-mandate-end = Write a date such as 2029-09-30, or leave this empty.
fault-message = Write at most 2,000 characters.
fault-role-missing = Write your role.
fault-consent-offer = Tick this box: without it we may not keep your offer.

## Kit

kit-title = The sponsor’s kit
kit-lead = All that is needed to sign in public. Print it, or change the text in a word processor.
kit-deed = Deed of sponsorship
kit-deed-what = To be signed at the town hall, before press and guests.
kit-motion = Model motion
kit-motion-what = For a town or regional council.
kit-press = Press note
kit-press-what = To complete, and to send on the day of signing.
kit-sheet = Case sheet of two pages
kit-sheet-what = The story, the dates, the sources, and to whom to write.
kit-cards = Images and code
kit-card = Image to share
kit-card-sponsor = Image “we stand as sponsor”
kit-qr = QR code of the page
kit-pdf = PDF
kit-text = Editable text
kit-rtf-hint = The editable text (RTF) opens in Word, LibreOffice, Pages and others.

## Support

support-title = Support and follow
support-lead = Signing costs nothing and asks for nothing. If you wish, here is how to help further.
support-donate = Donate
support-page = The association’s donation page
support-chf = In Swiss francs
support-eur = In euros
support-chf-scan = QR-bill: scan it with your Swiss bank’s app.
support-eur-scan = SEPA transfer code: scan it with your bank’s app.
support-iban = IBAN
support-holder = Account holder
support-none = The organizers have not named an account yet.
support-follow = Follow
support-hashtags = Hashtags
support-sponsor = Ask your city to sponsor
confirm-donate-title = And if you would like to help further
confirm-donate-text = Your signature is complete and asks for nothing more. A donation helps the families and the campaign.
confirm-city-link = Choose a prisoner and the kit for your mayor

## Cities

cities-title = Cities: how many residents ask
cities-lead = How many confirmed signatures name this town as where the signer lives. Small numbers are not shown.
cities-none = No town has enough signatures to be shown yet.
cities-other = { $n ->
    [one] { $n } signature from other places
   *[other] { $n } signatures from other places
  }
city-count = { $n ->
    [one] { $count } person in { $city } asks the council to sponsor a prisoner.
   *[other] { $count } people in { $city } ask the council to sponsor a prisoner.
  }
city-count-case = { $n ->
    [one] { $count } person in { $city } asks the council to sponsor { $name }.
   *[other] { $count } people in { $city } ask the council to sponsor { $name }.
  }
city-asserted = The place is what each signer wrote; it is not verified. Counted up to and including { $when }; later withdrawals are not subtracted.
city-checkpoint = The petition has { $count } confirmed signatures under checkpoint { $size }, which anyone can verify.
city-extract = Extract for the mayor (PDF)
city-too-few = Fewer than { $n } signatures so far: the number will be shown later.
