# What recipients do with signatures, and what became of a delivery.
recipient-colon = :
steps-title = What happened
step-delivered = Handed to: { $office }
step-received = { $office } confirmed that it received the petition.
step-referred = { $office } passed it on.
step-heard = { $office } heard the petitioners.
step-voted = { $office } voted.
step-answered = { $office } answered.
step-decided = { $office } decided.
step-noted = { $office }
step-how-by-hand = (by hand)
step-how-post = (by post)
step-how-mail = (by e-mail)
step-how-portal = (on its own portal)
step-how-hearing = (at a hearing)
step-holder = Office held by { $name }.
step-votes = { $yes } in favour, { $no } against, { $abstained } abstained.
step-outcome-adopted = It was adopted.
step-outcome-rejected = It was rejected.
step-outcome-noted = It was noted.
step-outcome-promised = Something was promised.
step-reference = Reference: { $reference }.
step-source = Source
step-certificate = The certificate
step-file = The document

# How many signed which text.
text-version-count = Version { $version }: { $n ->
    [one] { $count } signature
   *[other] { $count } signatures
  }
