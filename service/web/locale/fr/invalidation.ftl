# Le bureau : des signatures retirées du compte, plusieurs à la fois, et remises.

desk-tab-invalidation = Écarter
desk-invalidation-lead = Écartez du compte des signatures d’après ce qu’elles ont en commun. Vous voyez combien, jamais qui ; une deuxième personne doit être d’accord, et chacune figure au registre public avec son motif.
desk-invalidation-condition = Quelles signatures ?
desk-invalidation-hint = Tout ce que vous remplissez doit être vrai. Plusieurs valeurs dans un champ : séparez-les par des virgules. Réseaux, domaines, entrées, indices et heures sont connus pendant un jour après la confirmation ; jours, versions et numéros toujours.
desk-invalidation-preview = Combien sont-elles ?
desk-invalidation-count = { $n ->
    [0] Aucune signature comptée ne correspond.
    [one] { $n } signature correspond en ce moment.
   *[other] { $n } signatures correspondent en ce moment.
  }
desk-invalidation-at-least = { $n ->
    [0] Aucune parmi les 10 000 premières qui ont été regardées.
    [one] Au moins { $n } signature correspond en ce moment.
   *[other] Au moins { $n } signatures correspondent en ce moment.
  }
desk-invalidation-many = Il y en a trop pour les compter d’un coup d’œil. Les compter toutes prend quelques secondes ; vous pourrez proposer de les écarter quand vous aurez vu le nombre exact.
desk-invalidation-all = Les compter toutes
desk-invalidation-as-of = État au
desk-invalidation-still-out = Combien sont encore écartées ?
desk-invalidation-every-act = Tout ce qui a été décidé
desk-invalidation-n = { $n ->
    [one] { $n } signature comptée
   *[other] { $n } signatures comptées
  }
desk-invalidation-grounds = Motif au registre public
desk-invalidation-grounds-hint = Tout le monde peut le lire.
desk-invalidation-propose = Proposer de les écarter
desk-invalidation-clusters = Ce qu’elles ont en commun
desk-invalidation-acts = Ce qui a été décidé
desk-invalidation-progress = { $done } sur { $total }
desk-invalidation-passed = { $n ->
    [one] { $n } avait changé entre-temps et a été laissée telle quelle
   *[other] { $n } avaient changé entre-temps et ont été laissées telles quelles
  }
desk-invalidation-stop = Arrêter
desk-invalidation-resume = Continuer
desk-invalidation-reverse = { $n ->
    [one] Remettre { $n } signature…
   *[other] Remettre { $n } signatures…
  }
desk-invalidation-propose-reverse = Proposer de les remettre
desk-act-kind-X = Écartées
desk-act-kind-R = Remises
desk-act-state-ready = en cours
desk-act-state-stopped = arrêté
desk-act-state-done = fait
desk-act-invalidation-invalidate = Écarter des signatures du compte
desk-act-invalidation-reverse = Remettre des signatures dans le compte
desk-grounds-duplicate = duplicate : signé deux fois
desk-grounds-disposable = disposable : adresses jetables
desk-grounds-bounced = bounced : l’adresse n’existe pas
desk-grounds-fraud = fraud : pas signé par des personnes
desk-grounds-organizer-request = organizer-request : les organisateurs le souhaitent
desk-grounds-court-order = court-order : un tribunal le demande
desk-fact-signatures = Signatures
desk-fact-grounds = Motif au registre
desk-fact-reverses = Revient sur
desk-fact-ids = Numéros de signatures
desk-fact-received_from = Reçues à partir de
desk-fact-received_until = Reçues avant
desk-fact-days_from = Confirmées à partir du jour
desk-fact-days_until = Confirmées jusqu’au jour
desk-fact-prefixes = Réseau
desk-fact-domains = Domaine de courriel
desk-fact-lanes = Entrée
desk-fact-marks = Indices
desk-fact-text_versions = Version du texte
desk-feature-hint-received_from = Par exemple 2026-11-26 12:00, en UTC.
desk-feature-hint-received_until = Par exemple 2026-11-26 12:05, en UTC ; cette minute n’est pas comprise.
desk-feature-hint-days_from = Par exemple 2026-11-26.
desk-feature-hint-days_until = Par exemple 2026-11-27 ; ce jour est compris.
desk-feature-hint-marks = Tous doivent être présents.
desk-feature-hint-prefixes = Le code d’un groupe : choisissez-en un dans la liste, et il s’inscrit ici.
desk-feature-hint-domains = Le code d’un groupe : choisissez-en un dans la liste, et il s’inscrit ici.
desk-feature-hint-ids = Au plus 50.
desk-fault-empty = Remplissez au moins un champ : rien ne se fait pour tout le monde.
desk-fault-unreadable-feature = Cela ne se lit pas ; voyez l’exemple, et donnez au plus 50 valeurs.
desk-refused-count-changed = Le nombre n’est plus celui qui était affiché. Rien n’a été fait. Comptez à nouveau et proposez-le avec le nouveau nombre.
desk-said-act-stopped = Arrêté. Ce qui est fait reste fait.
desk-said-act-resumed = Cela continue.
desk-said-act-over = Il en va autrement désormais ; voyez ci-dessous.
