# Ce que les destinataires font des signatures, et ce qu’une remise est devenue.
recipient-colon =  :
steps-title = Ce qui s’est passé
step-delivered = Remis à : { $office }
step-received = { $office } a accusé réception de la pétition.
step-referred = { $office } l’a transmise.
step-heard = { $office } a entendu les pétitionnaires.
step-voted = { $office } a voté.
step-answered = { $office } a répondu.
step-decided = { $office } a décidé.
step-noted = { $office }
step-how-by-hand = (en main propre)
step-how-post = (par la poste)
step-how-mail = (par courriel)
step-how-portal = (sur son propre portail)
step-how-hearing = (lors d’une audition)
step-holder = Fonction exercée par { $name }.
step-votes = { $yes } pour, { $no } contre, abstentions : { $abstained }.
step-outcome-adopted = Adopté.
step-outcome-rejected = Rejeté.
step-outcome-noted = Il en a été pris acte.
step-outcome-promised = Une promesse a été faite.
step-reference = Référence : { $reference }.
step-source = Source
step-certificate = Le certificat
step-file = Le document

# How many signed which text.
text-version-count = Version { $version } : { $n ->
    [one] { $count } signature
   *[other] { $count } signatures
  }
