## Le bureau : certificats et listes

desk-tab-certificates = Certificats
desk-said-certifying = Il est en préparation.
desk-certifying = Le certificat pour { $office } est en préparation ; cela prend un instant, et la page le montrera d’elle-même.
desk-certify = Émettre un certificat
desk-certify-text = Il dit le nombre à cet instant, avec tout ce qu’il faut pour le vérifier. Ce qui est émis reste pour toujours dans le registre public ; un certificat suivant le remplace.
desk-certify-office = Pour quelle fonction
desk-certify-other = Une autre, selon les mots ci-dessous
desk-certify-words = Ou avec vos mots
desk-certify-words-hint = Tel que cela doit figurer sur le certificat. Seulement si la fonction n’est pas dans la liste.
desk-certify-holder = Qui l’occupe aujourd’hui
desk-certify-holder-hint = Laissez vide, et la personne inscrite pour cette fonction sera nommée.
desk-certify-button = L’émettre
desk-certify-not-found = Rien n’est encore scellé dans le registre. Réessayez après les premières signatures confirmées, dans une heure environ.
desk-certify-no-key = Le serveur ne connaît pas la clé des certificats. Demandez à l’opérateur de définir LIBERTAS_CERTIFICATE_KEY, puis réessayez.
desk-certify-busy = Le registre ou le service d’horodatage n’a pas répondu à temps. Veuillez réessayer.
desk-certify-failed = Il n’a pas pu être fait ({ $why }). Rien n’a été remis ; réessayez, ou demandez à l’opérateur.
desk-certificate-deliver = Le remettre : vers les remises
desk-unsigned-text = Tout est prêt sauf votre signature : sa clé est sur votre propre machine, pas sur le serveur.
desk-unsigned-fetch = Le prendre pour le signer
desk-unsigned-sign = Sur cette machine, avec la clé à portée de main :
desk-unsigned-take-in = Rapportez le dossier au serveur, où l’opérateur le reprend. Il pourra alors être téléchargé ici :
desk-fault-certificate-for = Choisissez une fonction, ou écrivez à qui il est destiné.
desk-tab-exports = Listes
desk-act-export = Une liste avec des noms
desk-fact-shape = Genre
desk-fact-format = Format
desk-fact-recipient = Pour
desk-fact-fields = Champs
desk-refused-names-never = Cette institution ne demande pas de noms, et n’en reçoit pas. Le certificat suffit.
desk-refused-not-sealed-yet = Rien n’est encore scellé dans le registre. Réessayez après les premières signatures confirmées, dans une heure environ.
desk-refused-keys-needed = Il n’y a pas de clé hors ligne à laquelle sceller les noms. Demandez à l’opérateur d’en ajouter une, puis réessayez.
desk-refused-approval-needed = Une liste avec des noms demande deux personnes.
desk-export-open = Chiffres ouverts
desk-export-open-text = Combien par jour, par pays et par langue, sans noms. Tout le monde peut les lire.
desk-export-open-button = Télécharger
desk-export-format = Format
desk-export-names = Une liste avec des noms
desk-export-names-text = Deux personnes doivent la vouloir. Les noms y sont scellés : seule une clé hors ligne les ouvre, sur votre propre machine. Elle se télécharge une seule fois.
desk-export-shape = Genre
desk-export-recipient = Pour une institution : les personnes qui ont accepté d’être transmises
desk-export-working = Pour notre travail : toutes les personnes comptées
desk-export-office = Pour quelle fonction
desk-export-office-hint = Seulement pour une liste destinée à une institution.
desk-export-propose = La proposer
desk-export-take = Votre liste a été approuvée
desk-export-take-text = Elle se télécharge une seule fois. Si le téléchargement s’interrompt, proposez-la de nouveau.
desk-export-take-button = La télécharger maintenant
desk-export-open-with = Décompressez-la sur la machine qui a la clé hors ligne, et ouvrez-la là :
desk-export-earlier = Listes jusqu’ici
desk-export-none = Il n’y en a pas encore.
desk-export-rows = { $n ->
    [one] { $n } ligne
   *[other] { $n } lignes
}
desk-export-cut-short = interrompue ; considérez que tout le monde y figure
desk-export-left = { $n ->
    [one] Une personne est partie depuis. Retirez cette ligne du fichier, où qu’il soit allé :
   *[other] { $n } personnes sont parties depuis. Retirez ces lignes du fichier, où qu’il soit allé :
}
desk-export-removed = Elles sont retirées
