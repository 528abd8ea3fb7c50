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
