# La pétition sur le site des autres : l’élément, la carte, le badge, l’image à partager.

widget-sign = Signer
widget-close = Fermer le formulaire
widget-frame = Signer : { $title }
widget-failed = Le formulaire ne peut pas s’afficher sur cette page.
widget-failed-link = Signer sur notre propre page
widget-goal = { $percent } de { $goal }
widget-signatures = { $n ->
    [one] signature
   *[other] signatures
}
widget-sponsors = Ils se tiennent aux côtés des prisonniers
widget-no-sponsors = Personne encore. Votre ville ou votre association pourrait-elle être la première ?
widget-sponsor-more = Devenir parrain
share-milestone = personnes ont signé
share-call = Signez la pétition
widget-held = { $n ->
    [one] { $n } prisonnier est encore détenu, à notre connaissance (au { $when }).
   *[other] { $n } prisonniers sont encore détenus, à notre connaissance (au { $when }).
}
widget-stand = { $n ->
    [0] { $first } les soutient.
    [one] { $first } et un autre parrain les soutiennent.
   *[other] { $first } et { $n } autres parrains les soutiennent.
}
widget-case-held = Captif (début : { $since }), toujours attendu au { $when }.
widget-case-missing = Disparition forcée (depuis : { $since }), sans nouvelles au { $when }.
widget-case-released = Libéré : { $when }.
widget-case-died = Décédé : { $when }.

## Le constructeur

builder-title = Montrer la pétition sur votre site
builder-lead = Une ligne de HTML. Elle ne pose aucun cookie, n’interroge que ce site et ne dit à personne qui lit.
builder-choose = Que doit-elle montrer ?
builder-petition = Pétition
builder-variant = Forme
builder-variant-card = Carte : titre, nombre, progression, bouton pour signer
builder-variant-bar = Bandeau : la même chose en une rangée
builder-variant-button = Le bouton seul
builder-variant-counter = Le nombre seul
builder-variant-sponsors = Ceux qui se tiennent aux côtés des prisonniers
builder-variant-case = Un prisonnier
builder-case = Prisonnier
builder-language-page = La langue de votre page
builder-theme = Clair ou sombre
builder-theme-auto = Selon le réglage du lecteur
builder-theme-light = Clair
builder-theme-dark = Sombre
builder-accent = Couleur du bouton
builder-accent-hint = Facultatif, par exemple #8c1c2b. Les lettres deviennent d’elles-mêmes noires ou blanches.
builder-partner = Votre nom de partenaire
builder-partner-hint = Facultatif. Les signatures venues de vos pages vous sont alors comptées, en somme.
builder-show = Montrer
builder-preview = Aperçu
builder-copy = Copier la ligne
builder-line = La ligne
builder-line-hint = Collez-la là où elle doit apparaître. Sans script, il reste un lien.
builder-others = Autres façons
builder-pinned = Avec une version fixe
builder-pinned-hint = Pour les sites qui contrôlent chaque script (SRI). Quand l’élément change, il vous faudra une nouvelle ligne.
builder-frame = Un cadre, sans aucun script
builder-frame-hint = Le formulaire lui-même. Seuls les sites de notre liste peuvent le montrer.
builder-address = WordPress : l’adresse seule
builder-address-hint = Collez-la seule sur une ligne ; elle devient une carte.
builder-badge = Un badge pour lettres d’information et signatures de courriel
builder-badge-hint = Une image avec le nombre, et un lien.
builder-listed = Le formulaire apparaît sur les sites que nous avons inscrits ; ailleurs, un lien mène ici. Pour être inscrit, écrivez-nous :

## Les nombres d’un partenaire

partners-title = Nombres pour les partenaires
partners-lead = Combien ont signé par vos pages. Qui, personne ne l’apprend.
partners-key = Votre clé
partners-key-hint = Elle commence par lp_. Nous n’en gardons que la trace ; si elle est perdue, demandez-en une nouvelle.
partners-show = Montrer les nombres
partners-before = Jusqu’au { $when }, ce jour non compris.
partners-day = Jour
partners-number = Signatures
partners-none = Rien à montrer encore : les nombres paraissent un jour plus tard, par dizaines.
partners-tens = Par dizaines : le reste d’un jour est compté avec le suivant.
fault-key-unknown = Cette clé ne fonctionne pas. Copiez-la encore une fois, ou demandez-en une nouvelle.
fault-key-quota = Cette clé a trop servi pendant cette heure. Revenez plus tard, s’il vous plaît.

## At the desk

desk-nav-partners = Partenaires
desk-partners-hint = Organisations dont les sites portent une pétition. Chacun peut montrer le nombre ; seuls les sites inscrits montrent le formulaire.
desk-partner-add = Ajouter un partenaire
desk-partner-name = Nom
desk-partner-name-hint = Tel qu’il figure à côté de la case pour ses nouvelles.
desk-partner-slug = Nom court
desk-partner-slug-hint = Lettres a–z, chiffres et -, par exemple hyestart. Il figure dans la ligne que le partenaire copie, et ne change plus.
desk-partner-ended = Terminé
desk-partner-webhooks = Messages à son système : { $waiting } en attente, { $failed } abandonnés
desk-partner-sites = Sites et pétitions
desk-partner-sites-label = Sites qui peuvent montrer le formulaire
desk-partner-sites-hint = Un par ligne, comme dans la barre d’adresse : https://www.example.org
desk-partner-quota = Requêtes par heure
desk-partner-keys = Clés
desk-partner-key-hint = Avec une clé, le partenaire lit ses nombres et prend sa liste. Les clés d’avant valent encore sept jours.
desk-partner-key-new = Faire une nouvelle clé
desk-partner-key-once = La nouvelle clé. Elle n’est montrée que maintenant : transmettez-la par une voie sûre.
desk-partner-news = La liste pour ses nouvelles
desk-partner-news-sealed = Scellée à la clé du partenaire ; comparez son empreinte par téléphone :
desk-partner-news-none = Pas de liste : la case n’apparaît pas, car un oui n’aurait pas de lieu sûr.
desk-partner-public = Clé publique
desk-partner-public-hint = La ligne de son fichier .pub. Vide, la liste est fermée.
desk-partner-sentence = Sa propre phrase à côté de la case ({ $language })
desk-partner-end = Mettre fin au partenariat
desk-partner-end-hint = Ses sites, ses clés et son webhook s’arrêtent aussitôt. Ses signatures comptent toujours.
desk-fault-partner-slug = Le nom court a de 1 à 63 signes : a–z, 0–9 et -.
desk-fault-partner-name = Le nom a de 1 à 100 lettres.
desk-fault-partner-taken = Il y a déjà un partenaire de ce nom court.
desk-fault-partner-site = Un site est https:// et un hôte, sans page, par exemple https://www.example.org.
desk-fault-partner-quota = Le nombre de requêtes est entre 1 et 1 000 000.
desk-fault-partner-consent = La phrase a au plus 300 lettres.
desk-fault-partner-public = Ce n’est pas une clé publique : une ligne qui commence par libertas-sealing/v1.
