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
