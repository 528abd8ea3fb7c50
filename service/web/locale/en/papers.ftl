## The desk: certificates and lists

desk-tab-certificates = Certificates
desk-said-certifying = It is being made.
desk-certifying = The certificate for { $office } is being made; this takes a moment, and the page shows it by itself.
desk-certify = Issue a certificate
desk-certify-text = It tells the number at this moment, with everything that is needed to check it. What is issued is in the public log for ever; a later one replaces it.
desk-certify-office = For which office
desk-certify-other = Another one, in the words below
desk-certify-words = Or in your own words
desk-certify-words-hint = As it shall stand on the certificate. Only when the office is not in the list.
desk-certify-holder = Who holds it today
desk-certify-holder-hint = Leave it empty, and the person entered for the office is named.
desk-certify-button = Issue it
desk-certify-not-found = Nothing is sealed in the log yet. Please try again after the first confirmed signatures, in an hour or so.
desk-certify-no-key = The server does not know the key of certificates. Ask the operator to set LIBERTAS_CERTIFICATE_KEY, then try again.
desk-certify-busy = The log or the time-stamp authority did not answer in time. Please try again.
desk-certify-failed = It could not be made ({ $why }). Nothing was handed out; please try again, or ask the operator.
desk-certificate-deliver = Hand it over: on to the deliveries
desk-unsigned-text = All is ready but your signature: its key is on your own machine, not on the server.
desk-unsigned-fetch = Fetch it for signing
desk-unsigned-sign = There, with the key at hand:
desk-unsigned-take-in = Carry the folder back to the server, where the operator takes it in. Then it can be fetched here:
desk-fault-certificate-for = Choose an office, or write whom it is for.
desk-tab-exports = Lists
desk-act-export = A list with names
desk-fact-shape = Kind
desk-fact-format = Format
desk-fact-recipient = For
desk-fact-fields = Fields
desk-refused-names-never = This office asks for no names, and it gets none. The certificate is enough.
desk-refused-not-sealed-yet = Nothing is sealed in the log yet. Please try again after the first confirmed signatures, in an hour or so.
desk-refused-keys-needed = There is no offline key to seal names to. Ask the operator to add one, then try again.
desk-refused-approval-needed = A list with names needs two people.
desk-export-open = Open figures
desk-export-open-text = How many by day, country and language, without names. Anybody may read them.
desk-export-open-button = Fetch
desk-export-format = Format
desk-export-names = A list with names
desk-export-names-text = Two people have to want it. Names in it are sealed: only an offline key opens them, on your own machine. It can be fetched once.
desk-export-shape = Kind
desk-export-recipient = For an institution: those who agreed to be handed over
desk-export-working = For our own work: everybody who counts
desk-export-office = For which office
desk-export-office-hint = Only for a list for an institution.
desk-export-propose = Propose it
desk-export-take = Your list was approved
desk-export-take-text = It can be fetched once. If the download breaks off, propose it again.
desk-export-take-button = Fetch it now
desk-export-open-with = Unpack it on the machine with the offline key, and open it there:
desk-export-earlier = Lists so far
desk-export-none = There is none yet.
desk-export-rows = { $n ->
    [one] { $n } row
   *[other] { $n } rows
}
desk-export-cut-short = cut short; treat it as if everybody were in it
desk-export-left = { $n ->
    [one] One person has left since. Take this row out of the file, wherever it went:
   *[other] { $n } people have left since. Take these rows out of the file, wherever it went:
}
desk-export-removed = They are taken out
