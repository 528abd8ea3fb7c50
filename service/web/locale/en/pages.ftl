# Everything that a person reads on the site, in English. The other languages have the same messages with the same variables.

## The frame

brand = Libertas
skip = Skip to the content
languages = Language
demo-banner = This is a demonstration. Nothing here is sent to anyone, and no signature counts.
footer-label = About this site
footer-promise = No cookies, no trackers, nothing loaded from other companies. Every number here can be recomputed by anyone.
manage-link = My signature
verify-link = How to check a certificate
privacy-link = Privacy
legal-link = Legal notice
accessibility-link = Accessibility
home-link = To the home page
new-window = opens in a new window
error-prefix = Error:

## Home and list

home-title = Sign for the release of the prisoners
home-lead = Your signature joins a count that institutions can check for themselves, and nobody can find out from it who signed.
petitions-title = Petitions
petitions-none = There is no petition at the moment. Please come back soon.
see-petitions = See the petitions
other-petitions = See the other petitions
back-to-petition = Back to the petition
trust-title = Why this number can be trusted
trust-short = Each signature is confirmed from a mailbox and written into a public log to which one can only add. Whoever wants to can count it again.
trust-1-title = One mailbox, one signature
trust-1 = A signature counts only after a press on a button in a message that was sent to the signer’s own address.
trust-2-title = A public log, only ever added to
trust-2 = Every confirmed signature becomes an entry that cannot be changed later without anyone noticing. Withdrawals are there too.
trust-3-title = Nobody’s name is in it
trust-3 = The log holds sealed entries: no name, no address, no country. The count is public; who signed is not.

## States of a petition

state-draft = Draft
state-scheduled = Opens soon
state-open = Open
state-paused = Paused
state-closed = Closed
state-delivered = Delivered
state-archived = Archived
state-open-text = You can sign now.
state-open-until = You can sign until { $when } ({ $zone } time).
state-scheduled-text = Signing begins on { $when } ({ $zone } time).
state-paused-text = No signatures are taken at the moment. The closing date moves back by the length of the pause.
state-closed-text = Signing ended on { $when } ({ $zone } time). Signatures sent before then can be confirmed for 24 hours more.
state-closed-plain = Signing has ended. Thank you to everyone who signed.
state-delivered-text = The signatures were counted and the certificate was handed over.
state-archived-text = This petition is over. Its text, its count and its certificates stay here.

## The petition page

recipients = { $n ->
    [one] Addressed to
   *[other] Addressed to
  }
count-title = Signatures so far
signatures-word = { $n ->
    [one] confirmed signature
   *[other] confirmed signatures
  }
count-none = The first signatures are about to be counted.
goal-label = Progress towards the goal
goal-of = goal { $goal }
goal-reached = { $percent } of the goal of { $goal }.
as-of = As of { $when } ({ $zone } time).
batches = The count moves in sealed batches, not with each signature, so that nobody can watch who signs.
batches-protected = This petition is protected: the count moves rarely, in large batches, so that nobody can watch who signs.
batches-demo = { $n ->
    [one] DEMO: the count is sealed every second. Elsewhere it moves in larger batches, so that nobody can watch who signs.
   *[other] DEMO: the count is sealed every { $n } seconds. Elsewhere it moves in larger batches, so that nobody can watch who signs.
  }
text-title = What you sign
read-text = Read the exact text
text-version = Version { $version } of the text. Each signature stays bound to the version that was signed.
figures-title = The figures
figure-as-of = as of { $when }
sources-title = Sources
ledger-link = The public log of this petition

## The form

sign-title = Sign the petition
sign-how = A few answers, then one press on a button in the message that we send you.
sign-button = Sign
sign-busy = One moment: your browser is doing a small calculation that keeps robots away.
name-label = Your name
email-label = Your e-mail address
email-hint = We send one message there, with a button to confirm.
country-label = The country where you live
country-choose = Choose a country
country-often = Often chosen
country-all = All countries
locality-label = Your town or postcode
locality-hint = One of the recipients counts the signatures of its own residents.
visibility-label = Who may see your name?
visibility-count = Only the recipient
visibility-count-hint = Your name goes only to the recipient named here, and only if its procedure asks for names and you agree to it.
visibility-show = Everyone
visibility-show-hint = Your name is also published on this site, in alphabetical order, after a person has looked at it.
visibility-protect = Nobody
visibility-protect-hint = Your signature counts, and your name is given to nobody.
role-label = Your role (optional)
role-hint = Shown beside your name only if you chose “Everyone”, for example “mayor of …”.
wishes-label = If you wish
handover-label = My name may be handed to the recipient, if its procedure asks for names.
news-label = Send me news of the prisoners. Every message has a link to stop.
partner-news-label = { $partner } may also send me news.
hcaptcha-note = This form is protected by hCaptcha. That company sees your internet address and that you are about to sign.
privacy-more = How your data is protected
notice-text-changed = The text was corrected while you were reading
notice-text-changed-text = Please read the new text. What you typed is still here; press “Sign” if you agree.
notice-closed = This petition no longer takes signatures
notice-closed-text = Your form arrived after the end, and nothing was stored.
notice-paused = This petition is paused
notice-paused-text = Nothing was stored. Please come back in a few days: the closing date moves back by the length of the pause.

## Faults of fields

summary-form = Your form could not be taken yet
summary-title = { $n ->
    [one] One answer needs your attention
   *[other] { $n } answers need your attention
  }
fault = Please check this answer.
fault-name = Write your name with letters, as on an envelope: at most 100 characters, no web address, and no = + - @ at the beginning.
fault-name-missing = Write your name.
fault-email = Check the address: it should look like name@example.org.
fault-email-missing = Write your e-mail address.
fault-name-url = This looks like a web address. Write your name, as on an envelope.
fault-name-too-long = Write your name with at most 100 characters.
fault-email-ascii = This mailbox has letters that our mail cannot reach. Use an address with letters from a to z.
fault-email-domain = Check what follows the @: there is no such mail domain.
fault-email-too-long = This address is longer than an e-mail address can be.
fault-country = Choose a country from the list.
fault-locality = Write the name of your town, or your postcode.
fault-visibility = Choose who may see your name.
fault-visibility-wider = To show more than before, withdraw this signature and sign again.
fault-role = Describe your role with letters: at most 100 characters, no web address.
fault-consent = Tick this box if you agree: without it we may not keep your signature.
fault-altcha = The check against robots has expired. What you typed is still here: please press “Sign” again.
fault-h-captcha-response = The check against robots did not succeed. What you typed is still here: please try again.
fault-text-version = The text was corrected while you were reading. Please read it again, then press “Sign”.
fault-form = This form could not be read. Please check your answers and press “Sign” again.
fault-form-too-many = Many forms come from your network just now. Nothing was stored; what you typed is still here. Please try again in a few minutes.
fault-form-busy = Many people are signing just now. Nothing was stored; what you typed is still here. Please press “Sign” again in a moment.
fault-form-key = This form is no longer valid. What you typed is still here: please press “Sign” again.

## After the form

sent-step = Step 2 of 2
sent-title = Check your mail
sent-lead = To make your signature count, open the message that we send to:
sent-step-open = Open your mailbox. The message comes within a few minutes.
sent-step-press = Follow the link in the message.
sent-step-done = Press “Confirm my signature”. That is all.
sent-not-yet = You have not signed yet.
sent-not-yet-text = Your signature counts only once you have confirmed it.
sent-nothing-title = Nothing has come?
sent-nothing-spam = Look in the folder for unwanted mail (“spam”, “promotions”).
sent-nothing-typo = Check the address above, letter by letter. If it is wrong, change it.
sent-nothing-limit = To protect mailboxes we send an address at most three messages a day, and none within ten minutes of the last.
sent-resend = Send it again
sent-resent = We have noted it. If an address may get another message now, it is on its way.
sent-change = Change the address

## Confirming

confirm-ask-title = Confirm your signature
confirm-ask-text = One press, and your signature counts.
confirm-ask-again-title = Please press once more
confirm-ask-again-text = The first press came so quickly that it could have been a mail program checking links. If it was you, press again.
confirm-petition = Petition
confirm-name = Name
confirm-visibility = Who may see it
confirm-language = Language of the text
confirm-button = Confirm my signature
confirm-no-script = Only this button confirms. Opening this page has changed nothing.
confirm-not-me = I did not ask for this
confirm-confirmed-title = Thank you. Your signature is confirmed.
confirm-confirmed-text = It will be in the count with the next sealed batch.
confirm-already-title = Thank you. This signature was already confirmed.
confirm-already-text = It counts once, however often the link is opened.
confirm-expired-title = This link has expired
confirm-expired-text = The signature was not confirmed in time, and nothing of it is kept. You can simply sign again.
confirm-unknown-title = We do not know this link
confirm-unknown-text = Perhaps it was cut when it was copied, or it was replaced by a newer one. Nothing was changed.
confirm-closed-title = This petition is closed
confirm-closed-text = The time for confirming is over, and the count is fixed. Thank you for your wish to help.
confirm-count-note = This is the count of the last sealed batch. Yours joins it with the next one.
confirm-manage = See, change or withdraw my signature
confirm-friend = Did somebody send you this page?
confirm-friend-link = Sign this petition
confirm-again-title = Get a new message
confirm-again-petition = Sign again with the same address: you are counted once.
confirm-again-text = Write the address with which you signed, and we send the links that belong to it.
confirm-unknown-cut = If the link was broken over two lines in your mail program, copy both parts into the address bar.
share-title = Three friends make the difference
share-why = Send the petition on, to people who would sign it.
share-by-mail = E-mail
share-mail = I have signed this petition. Will you read it, and sign too? { $url }
share-link = Address of the petition
copy = Copy
copied = Copied
city-title = Ask your city to sponsor a prisoner
city-text = A city, an association or an elected person can stand as sponsor: speak of one prisoner in public, write to the family, ask for the release. Write to your mayor or your council and propose it.
promise-title = Signed promise for your signature
promise-text = With this note we commit ourselves to put your sealed entry into the public log by the time given. Keep it if you want to check us later. It does not hold your name; but whoever sees it learns that you have signed something here.

## My signature

manage-title = Your signature
manage-state = State
manage-state-pending = Waiting for your confirmation
manage-state-held = Being checked; it does not count yet
manage-state-confirmed = Confirmed
manage-state-invalidated = Set aside by the organizers; it does not count
manage-day = Signed on
manage-saved = Saved. The change holds from now on.
manage-visible-title = Show less of it
manage-visible-text = A narrower choice holds at once.
manage-save = Save
manage-widen = To show more than before, withdraw this signature and sign again: your name and address are then typed anew, by you.
manage-leave-title = Take it back
manage-withdraw-text = Withdrawing lowers the count with the next sealed batch. You can sign again later.
manage-withdraw-link = Withdraw my signature…
manage-withdraw-title = Withdraw your signature?
manage-withdraw-sure = The count falls by one with the next sealed batch. The public log says that an entry was withdrawn, not whose.
manage-withdraw-button = Yes, withdraw it
manage-erase-text = Erasing removes your name, your address and everything that could tell that you signed. While the petition is open it also withdraws your signature.
manage-erase-link = Erase my data…
manage-erase-title = Erase your data?
manage-erase-sure = This cannot be undone, and this link stops working. Copies in encrypted backups can no longer be read once their key is destroyed.
manage-erase-button = Yes, erase everything
manage-keep = No, keep it
manage-withdrawn-text = Your signature is withdrawn. The count falls with the next sealed batch. You can sign again whenever you wish.
manage-erased-text = Your data is erased. Nothing here can tell any more that you signed.
manage-expired-text = This signature was not confirmed in time, and nothing of it is kept. You can simply sign again.
manage-unknown-text = We do not know this link. Perhaps it was cut when it was copied, or its time is over. We can send you a new one.
manage-ask-title = Mail me my link
manage-ask-text = With your own link you can see your signature, show less of it, withdraw it or erase it.
manage-ask-hint = The address with which you signed, spelt in the same way.
manage-ask-button = Mail me my link
manage-ask-done = If this address belongs to a signature, a message is on its way.
manage-ask-done-text = We show the same page for every address, so that nobody can find out here who signed.
receipt-title = Receipt
receipt-text = With this file you can prove later, to whom you choose, that your signature is in the log. Think before you keep it: somebody with power over you could ask for it.
receipt-button = Download the receipt

## This was not me

not-me-ask-title = You did not ask for this message?
not-me-ask-text = Somebody typed your address, perhaps by mistake. Press the button: the signature is dropped, and this site never writes to you again.
not-me-nothing = If you do nothing, nothing is counted, and the form is deleted after 30 days.
not-me-button = Never write to me again
not-me-done-title = Done. We will not write to you again.
not-me-done-text = The signature is dropped. We keep only a scrambled mark of your address, so that we can keep this promise.
not-me-unknown-title = We do not know this link
not-me-unknown-text = Perhaps it was cut when it was copied, or its time is over. Nothing was changed, and nothing is counted without a confirmation.

## Signers and certificates

signers-title = Signers who show their name
signers-text = Only people who asked for it are named here. Most signers are counted without being named.
signers-as-of = As of { $when }. New names appear once a day, after a person has looked at them.
signers-none = Nobody is named yet.
signers-pages = Pages of names
signers-earlier = Earlier names
signers-later = Later names
certificates-title = Certificates
certificates-text = What an institution receives: the count at one moment, with everything that is needed to recompute it without us.
certificates-none = No certificate has been issued yet.
certificate-serial = Certificate no. { $serial }
certificate-draft = Draft: signed by the server alone
certificate-demo = DEMO
certificate-final = Issued
certificate-checkpoint = Counted over the first { $size } entries of the log.
certificate-replaces = Replaces
certificate-bundle = Evidence bundle (zip)
certificates-log = The log as it is now can be counted again by anyone, with this command:

## Errors

error-number = Code { $status }
error-400-title = We could not read this request
error-400-text = Nothing was stored. Please go back to the petition and try again.
error-403-title = This is not open to you
error-403-text = If you followed a link here, it is not meant for everyone. The petitions are.
error-404-title = This page does not exist
error-404-text = Perhaps the address was cut or has changed. The petitions are all still there.
error-405-title = This address cannot be used like that
error-405-text = Please go back to the petition and use the buttons on the page.
error-413-title = That was too much at once
error-413-text = The form was larger than any signature needs to be. Nothing was stored.
error-415-title = We cannot read this format
error-415-text = Nothing was stored. Please use the form on the petition’s page.
error-429-title = Many forms come from your network
error-429-text = To keep robots out we take only so many from one place. Nothing was stored; your form will be welcome a little later.
error-503-title = Many people are here just now
error-503-text = Nothing was stored, and it is safe to try again.
error-500-title = Something went wrong on our side
error-500-text = It is not your fault. Please try again in a few minutes: sending a form twice never counts twice.
error-closed-title = This petition is closed
error-closed-text = It no longer takes signatures. Its text and its count stay here to read.
error-paused-title = This petition is paused
error-paused-text = Nothing was stored. The closing date moves back by the length of the pause, so please come back.
error-text-changed-title = The text was corrected in the meantime
error-text-changed-text = Nothing was stored. Please read the new text and sign again.
error-conflict-title = That is not possible at the moment
error-conflict-text = Nothing was changed. Please go back to the petition.
error-retry = { $n ->
    [one] Please try again in about a minute.
   *[other] Please try again in about { $n } minutes.
  }
error-contact = If it happens again, write to { $contact }.

## Legal notice

legal-title = Legal notice
legal-lead = Who publishes this site, and how to reach them.
legal-issuer = Publisher
legal-contact = Contact
legal-site = Site
legal-software = Software
legal-age-title = Minimum age
legal-age = { $n ->
    [one] You can sign from the age of { $n } year.
   *[other] You can sign from the age of { $n } years. If you are younger, please do not fill in the form.
  }
legal-status-title = What this is not
legal-status = Certificates are issued by the publisher, not by a public authority. They count e-mail addresses that were each confirmed by a deliberate action; an address is not proof of a person, age, residence or nationality.
legal-content-title = Corrections
legal-content = Figures about prisoners carry a source and a date. If something is wrong, or concerns you or your family, write to { $contact }; we correct it or take it down.

## Accessibility

accessibility-title = Accessibility
accessibility-lead = Everyone must be able to sign: with a keyboard, a screen reader, a small phone, and without scripts.
accessibility-done-title = What we look after
accessibility-1 = We build to WCAG 2.2, level AA, and each page is tested automatically against it.
accessibility-2 = Every form works with the keyboard alone, and without scripts.
accessibility-3 = There is no puzzle to solve: the check against robots is a calculation that your browser does.
accessibility-4 = Text can be enlarged to 400 % without scrolling sideways. Colours follow your dark or light setting.
accessibility-5 = Movement is kept to what you allow in your system’s settings.
accessibility-known-title = What we know is not good enough yet
accessibility-known = These pages were tested by machines and with the keyboard, but not yet by people who use a screen reader every day. If you do, we would be glad to hear from you.
accessibility-help-title = Tell us
accessibility-help = If something keeps you from signing, write to { $contact }. We answer, and we look for another way for you.

## Checking

verify-title = Check a certificate yourself
verify-lead = You need not believe us. With the evidence bundle you can recompute the count, offline and without our server.
verify-certificate-title = With one command
verify-1 = Download the evidence bundle from the petition’s page of certificates.
verify-2 = Get the trust file with the publisher’s public keys in another way than from this site: on paper, by hand, from somebody you know.
verify-3 = Install the program from its public source, and run:
verify-exit = It says “valid” only against the keys that you gave it. Without a trust file it says “consistent, issuer not checked” and shows a fingerprint for you to compare.
verify-log-title = The log as it is now
verify-log = The same command reads a petition’s public log and counts it again. The address of the log is on the petition’s page of certificates:
verify-hand-title = Without our program
verify-hand = The bundle contains a file VERIFY.txt, with the steps for openssl, ssh-keygen, sha256sum and pdfsig only. The formats are published standards; other programs read them too.
verify-not-title = What it does not prove
verify-not = The log proves how many entries there are and that they have not changed. That they stand for different e-mail addresses, each confirmed by a deliberate action, is stated by the publisher. An address is not proof of a person, age, residence or nationality.
