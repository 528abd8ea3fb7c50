# Ce que lisent les organisateurs à leur bureau, en français. Les mêmes messages et variables que dans les autres langues.

## Le cadre

desk-title = Le bureau
desk-demo = Une démonstration : rien ne quitte cette machine, et aucune signature ne compte.
desk-menu = Menu
desk-nav = Les pages du bureau
desk-nav-home = Pétitions
desk-nav-approvals = Accords
desk-nav-people = Personnes
desk-nav-audit = Journal
desk-sign-out = Se déconnecter
desk-footer = Vous voyez ici des nombres et des états, jamais la liste des signataires.
desk-to-site = Vers le site public
desk-waiting = { $n ->
    [one] en attente d’une deuxième personne
   *[other] en attente d’une deuxième personne
  }
desk-no-passkey = Vous êtes entré par un lien qui ne sert qu’une fois, et n’avez pas encore de clé d’accès. Sans clé, vous ne pourrez ni revenir, ni donner votre accord à ce qui demande deux personnes.
desk-no-passkey-link = Créer votre première clé
desk-second-passkey = Vous avez une seule clé d’accès. Si cet appareil se perd, il vous faudra un collègue pour revenir.
desk-second-passkey-link = En ajouter une deuxième
desk-save = Enregistrer
desk-change = Modifier
desk-back = Retour au bureau
desk-by-service = le service
desk-somebody-gone = une personne partie depuis

## Ce qui vient d’être fait

desk-said-saved = Enregistré.
desk-said-signed-out = Vous êtes déconnecté.
desk-said-passkey-added = La clé d’accès est enregistrée. Vous pouvez désormais vous connecter avec elle.
desk-said-passkey-removed = La clé d’accès est retirée, et vos autres sessions sont terminées.
desk-said-session-ended = La session est terminée.
desk-said-invited = L’invitation part par courriel.
desk-said-proposed = Proposé. Ce sera fait dès qu’une deuxième personne aura donné son accord.
desk-said-approved = Accord donné.
desk-said-done = Accord donné, et fait.
desk-said-refused = Refusé. Rien n’a changé.

## Connexion

desk-sign-in = Connexion
desk-sign-in-lead = Avec la clé d’accès de votre téléphone, de votre ordinateur ou de votre clé de sécurité. Aucun mot de passe qui puisse être volé.
desk-sign-in-button = Se connecter avec une clé d’accès
desk-sign-in-help = Je n’arrive pas à me connecter
desk-sign-in-help-first = C’est la première fois ? Ouvrez le lien de votre invitation ; il mène à votre première clé d’accès.
desk-sign-in-help-lost = Vos clés d’accès sont perdues ? Appelez un collègue qui gère les personnes ici. Il peut vous aider à revenir : vous recevez un lien par courriel, et un numéro de sa part.
desk-passkey-wait = Votre navigateur demande votre clé d’accès…
desk-passkey-failed = La clé d’accès n’a pas été utilisée. Vous pouvez réessayer.
desk-passkey-refused = Cette clé d’accès n’est pas connue ici. Essayez-en une autre, ou demandez à un collègue.
desk-passkey-none = Ce navigateur ne connaît pas les clés d’accès. Une version récente de Firefox, Chrome, Edge ou Safari les connaît.
desk-passkey-later = Trop de tentatives à l’instant. Réessayez dans une minute.
desk-passkey-stale = Cette page est trop ancienne. Rechargez-la et réessayez.
desk-passkey-noscript = La clé d’accès est la seule chose ici qui ait besoin de JavaScript. Merci de l’autoriser pour cette page.
desk-link-gone = Ce lien ne mène plus nulle part
desk-link-gone-text = Il a déjà servi, ou son délai est passé. Demandez-en un nouveau à la personne qui vous a invité.
desk-join = Bienvenue
desk-join-invite = Bienvenue au bureau
desk-join-invite-text = À la page suivante, vous créez votre première clé d’accès : votre téléphone ou votre ordinateur demandera votre doigt, votre visage ou son code. Une minute suffit.
desk-join-recover = Bon retour
desk-join-recover-text = Votre collègue vous a dit un numéro à huit chiffres. Avec lui, vous pouvez créer une nouvelle clé d’accès ; les anciennes et vos sessions prennent fin.
desk-join-demo = Le bureau de la démonstration
desk-join-demo-text = Vous entrez comme organisateur avec tous les rôles. Hors de la démonstration, il faut une invitation et une clé d’accès.
desk-join-button = Entrer
desk-code = Le numéro donné par votre collègue
desk-code-hint = Huit chiffres. Après cinq erreurs, le lien prend fin.
desk-fresh = Est-ce bien vous ?
desk-fresh-text = Ce que vous vous apprêtez à faire compte. Utilisez votre clé d’accès encore une fois ; ce que vous avez saisi est gardé, et cela continue aussitôt.
desk-fresh-button = Utiliser ma clé d’accès et continuer
desk-fresh-none = Vous n’avez pas encore de clé d’accès. Ajoutez-en une d’abord.

## Soi-même

desk-account = Vous
desk-you = Nom et langue
desk-name = Nom
desk-name-hint = Ce que voient les collègues. Il est conservé scellé.
desk-language = Langue
desk-email = Adresse électronique
desk-passkeys = Clés d’accès
desk-passkeys-first = Créez maintenant votre première clé d’accès. Jusque-là, rien d’autre n’est visible ici.
desk-passkeys-second = Ajoutez-en une deuxième sur un autre appareil, pour le jour où celui-ci se perdra.
desk-passkey-add = Ajouter une clé d’accès
desk-passkey-added = ajoutée le { $when }
desk-passkey-used = utilisée le { $when }
desk-passkey-synced = gardée aussi par votre fournisseur
desk-passkey-remove = Retirer cette clé d’accès
desk-label = Son nom
desk-label-new = Nom de la nouvelle clé d’accès
desk-label-hint = Pour la reconnaître, par exemple « téléphone » ou « clé du tiroir ».
desk-sessions = Où vous êtes connecté
desk-sessions-hint = Une session prend fin d’elle-même après 30 minutes sans visite, et après 12 heures en tout cas.
desk-session-this = celle-ci
desk-session-begun = depuis le
desk-session-end = La terminer
desk-sessions-end-others = Terminer toutes les autres
desk-device-unknown = Appareil inconnu

## Pétitions

desk-home = Pétitions
desk-home-none = Vous n’avez pas encore de pétition.
desk-home-approvals = { $n ->
    [one] { $n } proposition attend une deuxième personne.
   *[other] { $n } propositions attendent une deuxième personne.
  }

## Accords

desk-approvals-lead = Ce qui ne peut être défait, et ce qui touche aux données de tous, demande deux personnes. Lisez ce qui serait fait, et pourquoi.
desk-approvals-none = Rien n’attend.
desk-approvals-over = Ce qui a été décidé récemment
desk-proposed-by = Proposé par
desk-reason = Pourquoi
desk-reason-hint = La deuxième personne le lit, et cela reste écrit. Ne nommez aucun signataire.
desk-due = Possible à partir du
desk-lapses = Expire
desk-approve = Donner mon accord
desk-refuse = Refuser
desk-withdraw = Retirer
desk-carry-out = Exécuter
desk-decision-approved = Accord de
desk-decision-due = Accord de
desk-decision-done = Accord de
desk-decision-refused = Refusé par
desk-decision-withdrawn = Retiré par
desk-decision-expired = Accord de
desk-approval-done = fait
desk-approval-refused = refusé
desk-approval-withdrawn = retiré
desk-approval-expired = expiré
desk-approval-waiting = en attente
desk-approval-approved = accord donné
desk-approval-due = peut être exécuté
desk-act-people-invite = Inviter une personne
desk-act-people-roles = Changer les rôles d’une personne
desk-act-people-remove = Retirer une personne
desk-fact-person = Personne
desk-fact-roles = Rôles

## Personnes

desk-roles = Rôles
desk-role = Rôle
desk-all-associations = Toutes les associations
desk-role-editor = Rédaction
desk-role-editor-hint = pétitions, textes, nouvelles
desk-role-moderator = Modération
desk-role-moderator-hint = ce qui est retenu, affiché ou invalidé
desk-role-certifier = Certification
desk-role-certifier-hint = certificats, remises, exports
desk-role-operator = Exploitation
desk-role-operator-hint = personnes, clés, journal
desk-person-proposed = attend un accord
desk-person-invited = invité
desk-person-active = actif
desk-person-passkeys = { $n ->
    [one] { $n } clé d’accès
   *[other] { $n } clés d’accès
  }
desk-invite = Inviter une personne
desk-invite-hint = La personne reçoit par courriel un lien valable sept jours, qui mène à sa première clé d’accès.
desk-invite-button = Inviter
desk-invite-again = Renvoyer l’invitation
desk-people-invite-reason = Un nouveau collègue
desk-associations = Associations
desk-associations-hint = Une pétition peut appartenir à une association ; alors seules ses personnes, et celles qui ont un rôle dans toutes, la voient ici.
desk-association-name = Nom d’une nouvelle association
desk-association-slug = Nom court
desk-association-slug-hint = Minuscules, chiffres et tirets ; il ne change plus.
desk-association-add = Ajouter l’association
desk-roles-hint = De nouveaux rôles commencent par une nouvelle connexion : les sessions de la personne prennent fin, et elle est prévenue par courriel.
desk-roles-save = Changer les rôles
desk-recover = Aider à revenir
desk-recover-text = Quand une personne a perdu toutes ses clés d’accès : elle reçoit un lien par courriel, et vous lui dites un numéro au téléphone. Assurez-vous de reconnaître sa voix.
desk-recover-button = Envoyer le lien et me montrer le numéro
desk-recover-code = Dites-lui ce numéro
desk-recover-code-text = Il n’est affiché que maintenant. Dites-le de vive voix, jamais par courriel. Il vaut 24 heures, avec le lien.
desk-remove = Retirer
desk-remove-text = Clés d’accès, sessions, nom et adresse sont effacés. Ce que la personne a fait reste au journal, sans le nom.
desk-remove-button = Retirer cette personne

## Le journal

desk-audit-lead = Qui a fait quoi ici, et quand. Le service peut ajouter des lignes, et n’en changer aucune.
desk-audit-check = Vérifier qu’il est entier
desk-audit-whole = { $n ->
    [one] { $n } ligne, telle qu’elle a été écrite.
   *[other] Les { $n } lignes sont telles qu’elles ont été écrites.
  }
desk-audit-broken = Le journal a été modifié : { $detail }. Prévenez tout de suite l’exploitant, et ne changez rien.
desk-audit-person = Personne
desk-audit-anybody = n’importe qui
desk-audit-act = Acte
desk-audit-filter = Afficher
desk-audit-number = Nº
desk-audit-more = Plus ancien

## Ce qui est refusé

desk-refused = Cela n’a pas marché
desk-refused-other = Rien n’a changé. Revenez en arrière et réessayez.
desk-refused-404-title = Cette page n’existe pas
desk-refused-404 = Peut-être n’existe-t-elle plus, ou vos rôles n’y mènent pas.
desk-refused-cross-origin = Cet envoi ne venait pas d’une page du bureau encore valable. Rouvrez la page et recommencez.
desk-refused-too-large = C’était trop long. Rien n’a été enregistré ; le texte est encore dans votre navigateur si vous revenez en arrière.
desk-refused-busy = Le bureau est occupé un instant. Rien n’a été enregistré ; réessayez.
desk-refused-last-passkey = Votre seule clé d’accès ne peut être retirée. Ajoutez-en d’abord une autre.
desk-refused-approval-own = C’est à une autre personne d’en décider.
desk-refused-approval-decided = Quelqu’un a été plus rapide : c’est déjà décidé.
desk-refused-approval-done = C’est déjà fait.
desk-refused-approval-expired = Le délai est passé. Proposez-le à nouveau si c’est encore nécessaire.
desk-refused-approval-not-due = Il faut attendre son heure.
desk-refused-last-operator = Il ne resterait personne pour gérer les personnes. Donnez d’abord ce rôle à quelqu’un d’autre.
desk-fault-role = Choisissez au moins un rôle.
desk-fault-organizer-known = Une personne avec cette adresse a déjà un compte.
desk-fault-last-operator = Il ne resterait personne pour gérer les personnes. Donnez d’abord ce rôle à quelqu’un d’autre.
desk-fault-reason-missing = Dites pourquoi ; la deuxième personne doit le savoir.
desk-fault-reason-too-long = 500 caractères au plus, s’il vous plaît.
desk-fault-slug = Minuscules, chiffres et tirets seulement.
desk-fault-slug-taken = Ce nom court est déjà pris.
desk-fault-name-missing = Il faut un nom.
desk-fault-label-missing = Il faut un nom.
desk-fault-code = Ce n’est pas ce numéro. Demandez à votre collègue de le relire.

## Une pétition

desk-tabs = Pages de cette pétition
desk-tab-overview = Aperçu
desk-tab-text = Texte
desk-tab-setup = Dates et destinataires
desk-tab-history = Versions
desk-new = Nouvelle pétition
desk-new-lead = Elle commence comme un brouillon que seuls vos collègues voient. Tout sauf son adresse peut changer jusqu’à l’ouverture.
desk-new-button = Créer le brouillon
desk-slug = Adresse
desk-slug-hint = Minuscules, chiffres et tirets : ce qui suit { $base }
desk-opens-at = Ouverture
desk-opens-at-hint = Vide : quand vous appuyez sur « Ouvrir maintenant ».
desk-opens-by-hand = quand vous appuyez sur « Ouvrir maintenant »
desk-closes-at = Clôture
desk-closes-at-hint = Vide : pas encore d’échéance. Une pause la recule d’autant qu’elle dure.
desk-no-deadline = pas d’échéance
desk-time-zone = Fuseau horaire
desk-goals = Objectifs
desk-goals-hint = Un ou plusieurs, par exemple 1000, 5000, 20000 : la page montre le prochain qui n’est pas atteint.
desk-association = Appartient à
desk-rules = Règles qui ne changeront plus
desk-protected = Pétition protégée
desk-protected-hint = Pour des personnes en danger : le nombre avance rarement et par grands lots, et tous reçoivent le même courriel.
desk-sealed = Noms scellés à vos clés hors ligne
desk-sealed-hint = 24 heures après une confirmation, ce serveur ne peut plus lire le nom et l’adresse ; seul peut le faire qui détient une clé.
desk-sealed-demo = Dans cette démonstration, les clés se trouvent sur le serveur même : rien ne lui est caché.
desk-identities = Identités
desk-setup-over = Cette pétition est terminée ; ses dates restent ce qu’elles sont.
desk-recipients = Destinataires
desk-recipients-hint = Les champs du formulaire, et la phrase que lisent les signataires, découlent de la façon dont chaque destinataire traite les signatures.
desk-recipients-save = L’adresser à ceux-ci
desk-recipients-none = Aucune fonction n’est encore enregistrée.
desk-recipients-unset = personne encore
desk-asks-locality = Le formulaire demande alors la commune ou le code postal.
desk-state = État
desk-paused-since = depuis le
desk-address = Adresse
desk-text-version = Version du texte
desk-not-published = pas encore publié
desk-next = La suite
desk-next-text = Écrire le texte dans chaque langue
desk-next-missing = pas encore complet :
desk-next-recipients = Choisir les destinataires
desk-next-publish = Publier le texte
desk-newer-draft = Ce qui est en cours d’écriture diffère de ce qui est publié.
desk-do-open = Ouvrir
desk-do-open-now = Ouvrir maintenant
desk-do-pause = Mettre en pause
desk-do-close = Clore définitivement
desk-close-sure = Clore définitivement ?
desk-close-sure-text = Plus personne ne pourra signer, et nul ne pourra la rouvrir. Qui a déjà reçu un lien peut encore confirmer pendant 24 heures.
desk-close-not = Non, elle reste ainsi
desk-do-archive = Archiver
desk-do-hint-draft = « Ouvrir » garde l’heure fixée ; jusque-là, la pétition est annoncée.
desk-do-hint-scheduled = Elle s’ouvre d’elle-même à son heure.
desk-do-hint-open = Pendant une pause, personne ne peut signer, et l’échéance recule d’autant. La clôture ne peut être défaite : les confirmations sont encore prises pendant 24 heures, puis le nombre est définitif.
desk-do-hint-paused = À la reprise, l’échéance aura reculé d’autant que la pause aura duré.
desk-do-hint-closed = Elle peut être archivée une fois les dernières confirmations reçues, 24 heures après la clôture.
desk-publishing = Le texte est en cours de publication ; cela prend un instant.
desk-publishing-failed = Le texte n’a pas pu être publié : { $why }
desk-said-created = Le brouillon est créé. Maintenant, son texte.
desk-said-publishing = Le texte part au registre comme version suivante.
desk-said-life-open = Elle suit son cours.
desk-said-life-open-now = Elle est ouverte. Signez-la vous-même, puis partagez son adresse.
desk-said-life-pause = Elle est en pause. L’échéance recule d’autant.
desk-said-life-close = Elle est close. Les confirmations sont reçues pendant encore 24 heures.
desk-said-life-archive = Elle est archivée.
desk-part-title = Titre
desk-part-title-hint = Ce qui est demandé, en une ligne. Il figure aussi dans les courriels.
desk-part-summary = Résumé
desk-part-summary-hint = Deux ou trois phrases pour les listes et les partages.
desk-part-statement = Ce qui est signé
desk-part-statement-hint = Les mots exacts, en Markdown : une ligne vide entre les paragraphes, **gras**, - pour les listes, [mots](https://…) pour les liens. Pas d’images.
desk-part-consent = Consentement
desk-part-consent-hint = Ce à quoi un signataire consent en cochant. Signer peut révéler une opinion ou une origine : il faut que ce soit explicite.
desk-part-privacy = Ce qu’il advient des données
desk-part-privacy-hint = Figure à côté du consentement, et fait partie de ce qui est accepté.
desk-preview = Aperçu
desk-publish = Publier
desk-publish-hint = Un texte publié ne change jamais. Le suivant devient une nouvelle version au registre public ; qui a signé avant reste lié à l’ancien.
desk-text-published = La version { $n } est publiée. Enregistrer ici ne change rien pour les signataires ; publier crée la version suivante.
desk-theirs = Un collègue a enregistré entre-temps
desk-theirs-text = Voici ce qui a été enregistré ; le formulaire contient toujours ce que vous avez saisi. Réunissez les deux, puis enregistrez.
desk-honest = Ce que les signataires apprennent de chaque destinataire
desk-honest-hint = Ces phrases viennent des profils des destinataires et figurent sur la page de la pétition.
desk-history-lead = Chaque version telle qu’elle a été publiée, et ce qui y a changé. Rien ici ne peut être modifié.
desk-version = Version { $n }
desk-default-consent = Je consens explicitement à ce que les données de ce formulaire soient traitées pour vérifier et compter ma signature de cette pétition, en sachant que signer peut révéler mes opinions politiques ou mon origine (RGPD, article 9).
desk-default-privacy = Votre nom et votre adresse sont conservés chiffrés et ne servent qu’à vérifier et à gérer cette signature ; le registre public n’en contient rien et ne permet à personne de savoir qui a signé. Votre nom n’est publié ou transmis que si vous l’avez choisi séparément. Vous pouvez à tout moment retirer votre signature ou faire effacer vos données grâce au lien reçu par courriel.
desk-refused-life = Son état ne le permet pas maintenant. La page montre où elle en est.
desk-refused-unsealable = Une pétition scellée demande un texte qui nomme au moins deux clés hors ligne. Demandez à l’exploitant de les ajouter, puis publiez à nouveau le texte.
desk-fault-moment = Une date et une heure, par exemple 2027-04-24 09:00.
desk-fault-closes-before = La clôture doit suivre l’ouverture, et être à venir.
desk-fault-goals = Des nombres entiers, séparés par des virgules.
desk-fault-text-too-long = C’est trop long.
desk-fault-text-letters = Il contient des caractères invisibles, ou un retour à la ligne dans le titre.
desk-fault-text-missing-en = Le texte anglais n’est pas encore complet : titre, résumé, texte, consentement, données.
desk-fault-text-missing-fr = Le texte français n’est pas encore complet : titre, résumé, texte, consentement, données.
desk-fault-text-missing-hy = Le texte arménien n’est pas encore complet : titre, résumé, texte, consentement, données.
desk-fault-draft-changed = Un collègue a enregistré entre-temps. Rien n’est perdu : votre texte est dans le formulaire ci-dessous.
desk-fault-publishing = Une version est en cours de publication. Attendez un instant et réessayez.

## Chiffres

desk-tab-numbers = Chiffres
desk-confirmed = Confirmées
desk-received = Formulaires reçus
desk-rate = Confirmées parmi celles écrites
desk-lag = La moitié confirme en
desk-minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
  }
desk-held = Retenues
desk-goal = De l’objectif
desk-goal-done = L’objectif de { $goal } est atteint.
desk-forecast = Au rythme des deux dernières semaines, { $goal } sera atteint vers le { $when }.
desk-forecast-none = Il n’y a pas encore de rythme qui permette de prévoir quand { $goal } sera atteint.
desk-confirmed-by-day = Confirmées, par jour
desk-received-by-day = Reçus, par jour
desk-settling = Celles des dernières 24 heures rejoignent les jours une fois réglées.
desk-chart-day = { $n ->
    [one] Chaque colonne est un jour.
   *[other] Chaque colonne représente { $n } jours.
  }
desk-chart-week = { $n ->
    [one] Chaque colonne est un jour.
   *[other] Chaque colonne représente { $n } jours.
  }
desk-chart-sum = La ligne est le total cumulé.
desk-as-table = En tableau
desk-day = Jour
desk-under = moins de { $n }
desk-nothing-yet = Rien pour l’instant.
desk-by-country = Par pays
desk-by-language = Par langue
desk-by-partner = Par partenaire
desk-own-page = notre page
desk-unknown = inconnu
desk-others = Autres
desk-merged = Les cases de moins de { $n } sont réunies, pour que personne ne puisse y être reconnu.
desk-deliveries = Remises
desk-deliveries-n = { $n ->
    [0] Rien n’est encore prévu.
    [one] { $n } remise prévue ou faite.
   *[other] { $n } remises prévues ou faites.
  }
desk-due-deliver = à remettre avant le { $when }
desk-due-answer = une réponse est attendue avant le { $when }
desk-due-late = Le jour est passé :
desk-home-due = Ce qui est à faire
desk-covered = Prisonniers et parrains
desk-covered-n = { $sponsored } des { $held } personnes détenues ont un parrain à elles.
desk-covered-alone = { $n ->
    [one] Une personne n’a encore aucun parrain :
   *[other] { $n } n’en ont encore aucun :
  }

## Courriels

desk-nav-mail = Courriels
desk-mail-due = { $n ->
    [one] { $n } courriel est en route.
   *[other] { $n } courriels sont en route.
  }
desk-mail-oldest = { $n ->
    [one] Le plus ancien attend depuis { $n } minute.
   *[other] Le plus ancien attend depuis { $n } minutes.
  }
desk-mail-hint = Les fournisseurs en difficulté sur les sept derniers jours. Chacun est désigné par une marque courte dont on ne peut tirer son nom.
desk-mail-well = Tout va bien : aucun fournisseur ne nous refuse, et rien n’a échoué.
desk-mail-provider = Fournisseur
desk-mail-failed = Échoués
desk-mail-codes = Réponses
desk-mail-paused = En pause jusqu’au

## Modération

desk-tab-held = Retenues
desk-tab-names = Noms
desk-held-n = { $n ->
    [0] Aucun formulaire n’est retenu.
    [one] { $n } formulaire est retenu : enregistré, sans courriel, non compté.
   *[other] { $n } formulaires sont retenus : enregistrés, sans courriel, non comptés.
  }
desk-held-hint = Laissez passer ce qui ressemble à des personnes ; chacune reçoit alors le courriel habituel et doit confirmer. Refusez ce qui ressemble à une machine. Aucun nom n’est affiché ici.
desk-held-oldest = Vous voyez les { $n } plus anciens. Une fois ceux-ci décidés, les suivants arrivent.
desk-clusters = Par groupes
desk-cluster-prefix = Même réseau
desk-cluster-domain = Même domaine de courriel
desk-cluster-marks = Mêmes indices
desk-no-marks = aucun
desk-held-forms = { $n ->
    [one] { $n } formulaire
   *[other] { $n } formulaires
  }
desk-on-its-way = { $n ->
    [one] { $n } en route
   *[other] { $n } en route
  }
desk-release = Laisser passer
desk-one-by-one = Une par une
desk-held-all = tout afficher
desk-lane = Entrée :
desk-same-network = { $n ->
    [one] seul de son réseau
   *[other] { $n } de ce réseau
  }
desk-same-domain = { $n ->
    [one] seul de son domaine
   *[other] { $n } de ce domaine
  }
desk-said-held-changed = Le groupe a changé entre-temps ; rien n’a été fait. Regardez à nouveau.
desk-said-held-released = C’est reparti ; les courriels suivent.
desk-said-held-refused = Refusé. Il n’en reste rien de personnel.
desk-names-n = { $n ->
    [0] Aucun nom n’attend.
    [one] { $n } nom attend d’être relu.
   *[other] { $n } noms attendent d’être relus.
  }
desk-names-hint = Ces personnes ont demandé à être nommées publiquement. Refusez ce qui n’est pas un nom, ou nomme quelqu’un d’autre. Ce que vous affichez paraît demain, avec les autres du jour.
desk-names-show = Afficher les cochés
