### Le registre : prisonniers, parrains, soutien. Voir docs/register.md.

## Cases

cases-title = Les prisonniers
cases-lead = Chacun a un nom, une date et une source. Parrainer, c’est parler de l’un d’eux en public, jusqu’au retour.
cases-held = { $n ->
    [one] toujours détenu
   *[other] toujours détenus
  }
cases-of-start = sur les { $first } du début ({ $when })
cases-of = sur { $first } dans ce registre
cases-as-of = au { $when }
cases-freed = { $n ->
    [one] { $n } libéré
   *[other] { $n } libérés
  }
cases-died = { $n ->
    [one] { $n } mort en détention ou depuis
   *[other] { $n } morts en détention ou depuis
  }
cases-missing = { $n ->
    [one] personne victime de disparition forcée, comptée à part
   *[other] personnes victimes de disparition forcée, comptées à part
  }
cases-covered = { $sponsored } des { $held } personnes attendues ont un parrain.
cases-source = source
cases-counted = Ces nombres sont comptés sur les dossiers de ce registre, chacun avec sa source ; ils ne sont écrits nulle part.
cases-search = Chercher un nom
cases-search-hint = Dans n’importe quelle écriture : Սարգսյան, Sargsyan, Sarkissian.
cases-search-button = Chercher
cases-found = { $n ->
    [one] { $n } personne trouvée pour « { $text } »
   *[other] { $n } personnes trouvées pour « { $text } »
  }
cases-none = Personne de ce nom n’est dans le registre public.
cases-none-such = Personne ne figure sur cette liste pour le moment.
cases-empty = Le registre est encore vide.
cases-show = Montrer
cases-show-all = tous
cases-show-held = détenus
cases-show-alone = sans parrain
cases-show-free = libérés
cases-show-missing = disparus
cases-page = Page { $page } sur { $pages }
cases-earlier = Page précédente
cases-later = Page suivante
cases-all-link = Tous les prisonniers
sample-mark = Exemple : cette personne n’existe pas.
sample-sponsor = exemple
sample-sponsor-note = Exemple : ce parrain n’existe pas.
category-prisoner-of-war = Prisonnier de guerre
category-civilian = Civil
category-official = Responsable politique ou public
category-disappeared = Disparition forcée
status-captured = Capturé
status-confirmed = Détention confirmée par le CICR
status-tried = Procès
status-sentenced = Condamné
status-transferred = Transféré
status-released = Libéré
status-died = Mort
status-missing = Disparu
status-unknown = Sans nouvelles
clock-held = { $n ->
    [one] jour de détention
   *[other] jours de détention
  }
clock-missing = { $n ->
    [one] jour sans nouvelles
   *[other] jours sans nouvelles
  }
clock-ended = { $n ->
    [one] jour avant le retour
   *[other] jours avant le retour
  }
clock-ended-died = { $n ->
    [one] jour jusqu’à la mort
   *[other] jours jusqu’à la mort
  }
clock-since = { $precision ->
    [day] depuis le { $when }
   *[other] depuis { $when }
}
clock-span = { $from } – { $to }
case-also = S’écrit aussi
case-story = Une vie
case-history = Ce qui s’est passé
case-history-note = Chaque ligne a sa source, et le jour où quelqu’un l’a vérifiée.
case-checked = vérifié le { $when }
case-photo-credit = Photo : { $credit }, { $licence }
case-sponsors = Les parrains
case-sponsors-none = Personne ne s’est encore engagé.
case-sponsors-group = Parrainent tout le groupe
case-sponsors-count = { $n ->
    [one] { $n } parrain
   *[other] { $n } parrains
  }
case-sponsors-zero = sans parrain
case-offer = Devenir parrain
case-kit = Le dossier du parrain
case-petitions = Les pétitions
case-share = Faites passer
case-share-why = Un message de vous vaut plus que dix affiches.
case-share-link = Adresse de cette page
site-share-link = Adresse de ce site
case-free-note = La liberté est revenue. Merci à tous ceux qui en ont parlé.
case-correct = Une erreur, ou une demande de la famille ?
case-take-down = Demander une correction ou le retrait de cette page
case-gone-title = Cette page a été retirée
case-gone-text = Elle l’a été à la demande de la famille ou par prudence. La personne reste comptée, sans être nommée.

## Take-down

take-down-title = Demander une correction ou un retrait
take-down-lead = Écrivez-nous ce qui doit changer. Une personne lit chaque demande ; celles des familles passent avant toutes les autres.
take-down-who = Qui êtes-vous pour cette personne ?
take-down-who-hint = Par exemple : sa sœur, son avocat, un lecteur.
take-down-contact = Comment vous répondre ? (facultatif)
take-down-what = Que faut-il changer ?
take-down-button = Envoyer la demande
take-down-done = Merci. Nous l’avons reçue, et une personne va la lire.
take-down-sealed = Ce que vous écrivez est chiffré ; seuls les organisateurs le lisent, et tout est effacé une fois la réponse donnée.
fault-who = Écrivez en quelques mots qui vous êtes.
fault-what = Écrivez ce qui doit changer, en 2 000 caractères au plus.
fault-contact = Écrivez une adresse ou un numéro, en 200 caractères au plus.

## Sponsors

sponsors-title = Les parrains
sponsors-lead = Villes, élus, associations, universités : chacun a signé un acte ou voté une motion, en public, et en répond.
sponsors-count = { $n ->
    [one] { $n } parrain, dans { $countries } pays
   *[other] { $n } parrains, dans { $countries } pays
  }
sponsors-none = Aucun parrainage n’a encore été annoncé. Le vôtre peut être le premier.
sponsors-none-such = Aucun parrain de cette sorte.
sponsors-all = tous
sponsors-show = Montrer
sponsors-col-name = Parrain
sponsors-col-kind = Sorte
sponsors-col-country = Pays
sponsors-col-for = Parraine
sponsor-website = Site
sponsor-for = Parraine
sponsors-col-acts = Actions
sponsors-group = tout le groupe
sponsors-table = Parrains, par pays et par sorte
sponsors-how = Comment parrainer
sponsors-link = Tous les parrains
kind-city = Ville ou région
kind-parliamentarian = Parlementaire
kind-party = Groupe politique
kind-ngo = Association, ONG
kind-university = Université
kind-personality = Personnalité
kind-religious = Communauté religieuse
kind-company = Entreprise
deed-deed = Acte signé à { $place }, le { $when }
deed-motion = Motion votée à { $place }, le { $when }
deed-reference = n° { $reference }
deed-vote = vote : { $vote }
deed-paper = le document
pledge-announced = annoncé
pledge-active = en cours
pledge-handed-over = transmis
pledge-fulfilled = accompli : libération
pledge-ended = terminé
pledge-mandate = mandat jusqu’au { $when }
act-letter = Lettre
act-speech = Discours
act-visit = Visite
act-motion = Motion
act-question = Question
act-article = Article
act-event = Événement
act-proof = preuve
sponsored-by = Parrainée par
sponsored-more = { $n ->
    [one] et { $n } autre
   *[other] et { $n } autres
  }
sponsored-and = { $n ->
    [one] et { $count } signataire
   *[other] et { $count } signataires
  }
petition-held = Dans le registre de la campagne :
how-1-title = Choisir
how-1 = Une personne, ou tout le groupe. Voici ceux qui ont le moins de parrains.
how-2-title = Proposer
how-2 = Remplissez le formulaire et confirmez votre adresse. Un organisateur vous répond ; rien n’est publié sans vous.
how-3-title = Signer en public
how-3 = Un acte signé à la mairie, ou un vote du conseil. Le dossier contient l’acte et un projet de motion.
how-4-title = En parler
how-4 = Une lettre à la famille, une question, un article, une visite : chaque geste est publié avec sa preuve.

## The offer

offer-title = Proposer un parrainage
offer-lead = Pour une ville, une institution, une association, ou en votre nom. Rien de ce que vous écrivez ici n’est publié.
offer-who-title = Qui parraine
offer-kind = Vous proposez pour
offer-choose = Choisissez
offer-sponsor = Nom du parrain
offer-sponsor-hint = La ville, l’institution, l’association ou la personne qui serait nommée publiquement.
offer-country = Pays
offer-mandate = Fin du mandat (facultatif)
offer-mandate-hint = Pour une personne élue : nous vous demanderons alors qui continue.
offer-case = Qui voulez-vous parrainer ?
offer-case-group = Tout le groupe
offer-case-fewest = Ceux qui ont le moins de parrains
offer-case-others = Les autres
offer-you-title = Avec qui parler
offer-name = Votre nom
offer-role = Votre fonction
offer-role-hint = Par exemple : adjointe au maire, directeur de cabinet, présidente.
offer-email = Votre adresse e-mail
offer-email-hint = De préférence celle de l’institution. Nous y envoyons un message avec un bouton pour confirmer.
offer-phone = Téléphone (facultatif)
offer-message = Un mot pour les organisateurs (facultatif)
offer-consent = J’accepte que les organisateurs conservent ces données, chiffrées, pour me répondre.
offer-button = Proposer
offer-privacy = Seuls les organisateurs lisent ces données. Elles sont effacées si la proposition n’est pas confirmée dans les trente jours, ou n’est pas retenue.
offer-sent-title = Consultez votre messagerie
offer-sent-lead = Pour que les organisateurs voient votre proposition, ouvrez le message que nous envoyons à :
offer-sent-old = Si vous avez envoyé le formulaire, un message est en route vers l’adresse indiquée.
offer-sent-step-press = Appuyez sur « Confirmer ma proposition ».
offer-sent-step-answer = Un organisateur vous écrit, en général sous quelques jours.
offer-sent-change = Revenir au formulaire
offer-ask-title = Confirmez votre proposition
offer-ask-text = Un clic, et les organisateurs voient votre proposition de parrainage.
offer-ask-button = Confirmer ma proposition
offer-ask-for = Proposition pour
offer-ask-freed = { $name } : la libération est intervenue entre-temps. Confirmez quand même : un organisateur vous proposera quelqu’un qui attend encore.
offer-ask-gone = Cette page a été retirée entre-temps. Confirmez quand même : un organisateur vous proposera quelqu’un qui attend encore.
offer-not-me = Ce n’était pas moi
offer-not-me-text = Quelqu’un d’autre a donné mon adresse. Effacez la proposition et ne m’écrivez plus jamais.
offer-verified-title = Merci. Votre proposition est arrivée.
offer-verified-text = Un organisateur vous écrit à cette adresse. En attendant, le dossier est déjà prêt :
offer-over-title = Cette proposition n’attend plus
offer-over-text = Elle a expiré, ou il y a été répondu. Rien n’en est conservé ici.
offer-unknown-title = Nous ne connaissons pas ce lien
offer-unknown-text = Il a peut-être été coupé lors de la copie. Rien n’a changé.
offer-again = Proposer un parrainage
fault-kind = Choisissez qui parraine.
fault-sponsor = Écrivez le nom du parrain, en 120 caractères au plus, sans adresse internet.
fault-case = Choisissez une personne de la liste, ou tout le groupe.
fault-phone = Écrivez un numéro, ou laissez cette case vide.
fault-mandate-end = Écrivez une date comme 2029-09-30, ou laissez cette case vide.
fault-message = Écrivez au plus 2 000 caractères.
fault-role-missing = Écrivez votre fonction.
fault-consent-offer = Cochez cette case : sans cela, nous ne pouvons pas conserver votre proposition.

## Kit

kit-title = Le dossier du parrain
kit-lead = Tout ce qu’il faut pour une signature en public. Imprimez, ou modifiez le texte dans un traitement de texte.
kit-deed = Acte de parrainage
kit-deed-what = À signer à la mairie, devant la presse et des invités.
kit-motion = Projet de motion
kit-motion-what = Pour le conseil municipal ou régional.
kit-press = Note de presse
kit-press-what = À compléter, puis à envoyer le jour de la signature.
kit-sheet = Fiche de deux pages
kit-sheet-what = L’histoire, les dates, les sources, et à qui écrire.
kit-cards = Images et code
kit-card = Image à partager
kit-card-sponsor = Image « nous parrainons »
kit-qr = Code QR de la page
kit-pdf = PDF
kit-text = Texte modifiable
kit-rtf-hint = Le texte modifiable (RTF) s’ouvre dans Word, LibreOffice, Pages et les autres.

## Support

support-title = Soutenir et suivre
support-lead = Signer ne coûte rien, et ne demande rien. Si vous le voulez, voici comment aider encore.
support-donate = Faire un don
support-page = Page de dons de l’association
support-chf = En francs suisses
support-eur = En euros
support-chf-scan = QR-facture : à scanner avec l’application de votre banque suisse.
support-eur-scan = Code de virement SEPA : à scanner avec l’application de votre banque.
support-iban = IBAN
support-holder = Titulaire
support-none = Les organisateurs n’ont pas encore indiqué de compte.
support-follow = Suivre
support-hashtags = Mots-clés
support-sponsor = Demandez à votre ville de parrainer
confirm-donate-title = Et si vous voulez aider davantage
confirm-donate-text = Votre signature est complète et ne demande rien de plus. Un don aide les familles et la campagne.
confirm-city-link = Choisir un prisonnier et le dossier pour votre maire

## Cities

cities-title = Villes : combien d’habitants demandent
cities-lead = Combien de signatures confirmées donnent cette ville comme lieu de vie. Les petits nombres ne sont pas montrés.
cities-none = Aucune ville n’a encore assez de signatures pour être montrée.
cities-other = { $n ->
    [one] { $n } signature d’autres lieux
   *[other] { $n } signatures d’autres lieux
  }
city-count = { $n ->
    [one] { $count } personne à { $city } demande au conseil de parrainer un prisonnier.
   *[other] { $count } personnes à { $city } demandent au conseil de parrainer un prisonnier.
  }
city-count-case = { $n ->
    [one] { $count } personne à { $city } demande au conseil de parrainer { $name }.
   *[other] { $count } personnes à { $city } demandent au conseil de parrainer { $name }.
  }
city-asserted = Le lieu est celui que chaque signataire a écrit ; il n’est pas vérifié. Compté jusqu’au { $when } inclus ; les retraits ultérieurs ne sont pas déduits.
city-checkpoint = La pétition compte { $count } signatures confirmées sous le point de contrôle { $size }, vérifiable par tous.
city-extract = Extrait à remettre au maire (PDF)
city-too-few = Moins de { $n } signatures pour l’instant : le nombre sera montré plus tard.
