# Tout ce qu’une personne lit sur le site, en français. Les mêmes messages et les mêmes variables que dans les autres langues.

## Le cadre

brand = Libertas
skip = Aller au contenu
languages = Langue
demo-banner = Ceci est une démonstration. Rien n’est envoyé à qui que ce soit, et aucune signature ne compte.
footer-label = À propos de ce site
footer-promise = Ni cookie, ni traceur, rien qui vienne d’autres entreprises. Chaque nombre affiché ici peut être recalculé par tous.
manage-link = Ma signature
verify-link = Vérifier un certificat
privacy-link = Vie privée
legal-link = Mentions légales
accessibility-link = Accessibilité
home-link = Vers la page d’accueil
new-window = s’ouvre dans une nouvelle fenêtre
error-prefix = Erreur :

## Accueil et liste

home-title = Signez pour la libération des prisonniers
home-lead = Votre signature rejoint un décompte que les institutions peuvent vérifier elles-mêmes, et dont personne ne peut tirer qui a signé.
petitions-title = Pétitions
petitions-none = Il n’y a pas de pétition en ce moment. Revenez bientôt.
see-petitions = Voir les pétitions
other-petitions = Voir les autres pétitions
back-to-petition = Retour à la pétition
trust-title = Pourquoi ce nombre est digne de confiance
trust-short = Chaque signature est confirmée depuis une boîte aux lettres électronique, puis inscrite dans un registre public auquel on ne peut qu’ajouter. Chacun peut refaire le compte.
trust-1-title = Une adresse, une signature
trust-1 = Une signature ne compte qu’après un clic sur un bouton, depuis un message envoyé à l’adresse du signataire.
trust-2-title = Un registre public, où rien ne s’efface
trust-2 = Chaque signature confirmée devient une inscription qu’on ne peut plus modifier sans que cela se voie. Les retraits y figurent aussi.
trust-3-title = Aucun nom n’y figure
trust-3 = Le registre contient des inscriptions scellées : ni nom, ni adresse, ni pays. Le nombre est public ; les signataires ne le sont pas.

## États d’une pétition

state-draft = Brouillon
state-scheduled = Ouvre bientôt
state-open = Ouverte
state-paused = Suspendue
state-closed = Close
state-delivered = Remise
state-archived = Archivée
state-open-text = Vous pouvez signer dès maintenant.
state-open-until = Vous pouvez signer jusqu’au { $when } (heure de { $zone }).
state-scheduled-text = Les signatures ouvrent le { $when } (heure de { $zone }).
state-paused-text = Aucune signature n’est prise en ce moment. La date de clôture recule de la durée de la pause.
state-closed-text = Les signatures sont closes depuis le { $when } (heure de { $zone }). Celles envoyées avant peuvent encore être confirmées pendant 24 heures.
state-closed-plain = Les signatures sont closes. Merci à toutes celles et ceux qui ont signé.
state-delivered-text = Les signatures ont été comptées et le certificat a été remis.
state-archived-text = Cette pétition est terminée. Son texte, son décompte et ses certificats restent ici.

## La page de la pétition

recipients = { $n ->
    [one] Adressée à
   *[other] Adressée à
  }
count-title = Signatures à ce jour
signatures-word = { $n ->
    [one] signature confirmée
    [many] de signatures confirmées
   *[other] signatures confirmées
  }
count-none = Les premières signatures vont bientôt être comptées.
goal-label = Progression vers l’objectif
goal-of = objectif : { $goal }
goal-reached = { $percent } de l’objectif de { $goal }.
as-of = État au { $when } (heure de { $zone }).
batches = Le nombre avance par lots scellés, et non à chaque signature, pour que personne ne puisse observer qui signe.
batches-protected = Cette pétition est protégée : le nombre avance rarement, par grands lots, pour que personne ne puisse observer qui signe.
batches-demo = { $n ->
    [one] DÉMO : le nombre est scellé toutes les secondes. Ailleurs, il avance par lots plus grands, pour que personne ne puisse observer qui signe.
   *[other] DÉMO : le nombre est scellé toutes les { $n } secondes. Ailleurs, il avance par lots plus grands, pour que personne ne puisse observer qui signe.
  }
text-title = Ce que vous signez
read-text = Lire le texte exact
text-version = Version { $version } du texte. Chaque signature reste liée à la version qui a été signée.
figures-title = Les chiffres
figure-as-of = au { $when }
sources-title = Sources
ledger-link = Le registre public de cette pétition

## Le formulaire

sign-title = Signer la pétition
sign-how = Quelques réponses, puis un clic dans le message que nous vous envoyons.
sign-button = Signer
sign-busy = Un instant : votre navigateur fait un petit calcul qui tient les robots à distance.
name-label = Votre nom
email-label = Votre adresse e-mail
email-hint = Nous y envoyons un message, avec un bouton pour confirmer.
country-label = Le pays où vous vivez
country-choose = Choisissez un pays
country-often = Souvent choisis
country-all = Tous les pays
locality-label = Votre ville ou code postal
locality-hint = L’un des destinataires compte les signatures de ses propres habitants.
visibility-label = Qui peut voir votre nom ?
visibility-count = Le destinataire seulement
visibility-count-hint = Votre nom ne va qu’au destinataire nommé ici, et seulement si sa procédure exige des noms et si vous y consentez.
visibility-show = Tout le monde
visibility-show-hint = Votre nom est aussi publié sur ce site, par ordre alphabétique, après relecture par une personne.
visibility-protect = Personne
visibility-protect-hint = Votre signature compte, et votre nom n’est communiqué à personne.
role-label = Votre fonction (facultatif)
role-hint = Affichée à côté de votre nom seulement si vous avez choisi « Tout le monde », par exemple « maire de … ».
wishes-label = Si vous le souhaitez
handover-label = Mon nom peut être remis au destinataire, si sa procédure exige des noms.
news-label = Envoyez-moi des nouvelles des prisonniers. Chaque message contient un lien pour arrêter.
partner-news-label = { $partner } peut aussi m’envoyer des nouvelles.
hcaptcha-note = Ce formulaire est protégé par hCaptcha. Cette entreprise voit votre adresse internet et que vous êtes sur le point de signer.
privacy-more = Comment vos données sont protégées
notice-text-changed = Le texte a été corrigé pendant votre lecture
notice-text-changed-text = Merci de lire le nouveau texte. Ce que vous avez écrit est conservé ; appuyez sur « Signer » si vous êtes d’accord.
notice-closed = Cette pétition ne prend plus de signatures
notice-closed-text = Votre formulaire est arrivé après la fin, et rien n’a été enregistré.
notice-paused = Cette pétition est suspendue
notice-paused-text = Rien n’a été enregistré. Revenez dans quelques jours : la date de clôture recule de la durée de la pause.

## Erreurs dans les champs

summary-form = Votre formulaire n’a pas encore pu être pris
summary-title = { $n ->
    [one] Une réponse est à revoir
   *[other] { $n } réponses sont à revoir
  }
fault = Vérifiez cette réponse.
fault-name = Écrivez votre nom en lettres, comme sur une enveloppe : 100 caractères au plus, sans adresse internet, et sans = + - @ au début.
fault-name-missing = Écrivez votre nom.
fault-email = Vérifiez l’adresse : elle devrait ressembler à nom@exemple.org.
fault-email-missing = Écrivez votre adresse e-mail.
fault-name-url = Ceci ressemble à une adresse internet. Écrivez votre nom, comme sur une enveloppe.
fault-name-too-long = Écrivez votre nom en 100 caractères au plus.
fault-email-ascii = Cette boîte contient des lettres que notre courrier ne peut pas atteindre. Utilisez une adresse avec des lettres de a à z.
fault-email-domain = Vérifiez ce qui suit le signe @ : ce domaine n’existe pas pour le courrier.
fault-email-too-long = Cette adresse est plus longue qu’une adresse e-mail ne peut l’être.
fault-country = Choisissez un pays dans la liste.
fault-locality = Écrivez le nom de votre ville, ou votre code postal.
fault-visibility = Choisissez qui peut voir votre nom.
fault-visibility-wider = Pour montrer davantage qu’avant, retirez cette signature et signez de nouveau.
fault-role = Décrivez votre fonction en lettres : 100 caractères au plus, sans adresse internet.
fault-consent = Cochez cette case si vous êtes d’accord : sans cela, nous n’avons pas le droit de conserver votre signature.
fault-altcha = Le contrôle contre les robots a expiré. Ce que vous avez écrit est conservé : appuyez encore une fois sur « Signer ».
fault-h-captcha-response = Le contrôle contre les robots n’a pas abouti. Ce que vous avez écrit est conservé : essayez encore une fois.
fault-text-version = Le texte a été corrigé pendant votre lecture. Merci de le relire, puis d’appuyer sur « Signer ».
fault-form = Ce formulaire n’a pas pu être lu. Vérifiez vos réponses et appuyez encore une fois sur « Signer ».
fault-form-too-many = Beaucoup de formulaires viennent de votre réseau en ce moment. Rien n’a été enregistré ; ce que vous avez écrit est toujours là. Réessayez dans quelques minutes.
fault-form-busy = Beaucoup de personnes signent en ce moment. Rien n’a été enregistré ; ce que vous avez écrit est toujours là. Appuyez encore une fois sur « Signer » dans un instant.
fault-form-key = Ce formulaire n’est plus valable. Ce que vous avez écrit est conservé : appuyez encore une fois sur « Signer ».

## Après le formulaire

sent-step = Étape 2 sur 2
sent-title = Consultez votre messagerie
sent-lead = Pour que votre signature compte, ouvrez le message que nous envoyons à :
sent-step-open = Ouvrez votre boîte. Le message arrive en quelques minutes.
sent-step-press = Suivez le lien du message.
sent-step-done = Appuyez sur « Confirmer ma signature ». C’est tout.
sent-not-yet = Vous n’avez pas encore signé.
sent-not-yet-text = Votre signature ne compte qu’une fois confirmée.
sent-nothing-title = Rien n’est arrivé ?
sent-nothing-spam = Regardez dans le dossier des courriers indésirables (« spam », « promotions »).
sent-nothing-typo = Relisez l’adresse ci-dessus, lettre par lettre. Si elle est fausse, changez-la.
sent-nothing-limit = Pour protéger les boîtes, nous envoyons au plus trois messages par jour à une adresse, et aucun dans les dix minutes qui suivent le dernier.
sent-resend = Envoyer de nouveau
sent-resent = C’est noté. Si cette adresse peut recevoir un autre message maintenant, il est en route.
sent-change = Changer l’adresse

## Confirmer

confirm-ask-title = Confirmez votre signature
confirm-ask-text = Un clic, et votre signature compte.
confirm-ask-again-title = Appuyez encore une fois, s’il vous plaît
confirm-ask-again-text = Le premier clic est venu si vite qu’il aurait pu venir d’un logiciel qui contrôle les liens. Si c’était vous, appuyez encore une fois.
confirm-petition = Pétition
confirm-name = Nom
confirm-visibility = Qui peut le voir
confirm-language = Langue du texte
confirm-button = Confirmer ma signature
confirm-no-script = Seul ce bouton confirme. L’ouverture de cette page n’a rien changé.
confirm-not-me = Je n’ai rien demandé
confirm-confirmed-title = Merci. Votre signature est confirmée.
confirm-confirmed-text = Elle entre dans le décompte avec le prochain lot scellé.
confirm-already-title = Merci. Cette signature était déjà confirmée.
confirm-already-text = Elle compte une fois, quel que soit le nombre de fois où le lien est ouvert.
confirm-expired-title = Ce lien a expiré
confirm-expired-text = La signature n’a pas été confirmée à temps, et rien n’en est conservé. Vous pouvez simplement signer de nouveau.
confirm-unknown-title = Nous ne connaissons pas ce lien
confirm-unknown-text = Il a peut-être été coupé lors de la copie, ou remplacé par un plus récent. Rien n’a changé.
confirm-closed-title = Cette pétition est close
confirm-closed-text = Le délai pour confirmer est passé, et le nombre est définitif. Merci d’avoir voulu aider.
confirm-count-note = C’est le nombre du dernier lot scellé. Votre signature s’y ajoute avec le prochain.
confirm-manage = Voir, modifier ou retirer ma signature
confirm-friend = Quelqu’un vous a envoyé cette page ?
confirm-friend-link = Signer cette pétition
confirm-again-title = Recevoir un nouveau message
confirm-again-petition = Signez de nouveau avec la même adresse : vous êtes compté une seule fois.
confirm-again-text = Écrivez l’adresse avec laquelle vous avez signé, et nous envoyons les liens qui lui appartiennent.
confirm-unknown-cut = Si votre messagerie a coupé le lien sur deux lignes, copiez les deux parties dans la barre d’adresse.
share-title = Trois amis font la différence
share-why = Transmettez la pétition à des personnes qui la signeraient.
share-by-mail = E-mail
share-mail = J’ai signé cette pétition. Voulez-vous la lire, et la signer aussi ? { $url }
share-link = Adresse de la pétition
copy = Copier
copied = Copié
city-title = Demandez à votre ville de parrainer un prisonnier
city-text = Une ville, une association ou une personne élue peut parrainer : parler d’un prisonnier en public, écrire à sa famille, demander sa libération. Écrivez à votre maire ou à votre conseil municipal, et proposez-le.
promise-title = Promesse signée pour votre signature
promise-text = Par cette note, nous nous engageons à inscrire votre entrée scellée au registre public avant l’heure indiquée. Gardez-la si vous voulez nous contrôler plus tard. Elle ne contient pas votre nom ; mais qui la voit apprend que vous avez signé quelque chose ici.

## Ma signature

manage-title = Votre signature
manage-state = État
manage-state-pending = En attente de votre confirmation
manage-state-held = En cours de contrôle ; elle ne compte pas encore
manage-state-confirmed = Confirmée
manage-state-invalidated = Écartée par les organisateurs ; elle ne compte pas
manage-day = Signée le
manage-saved = Enregistré. Le changement vaut dès maintenant.
manage-visible-title = En montrer moins
manage-visible-text = Un choix plus restreint vaut aussitôt.
manage-save = Enregistrer
manage-widen = Pour montrer davantage qu’avant, retirez cette signature et signez de nouveau : votre nom et votre adresse sont alors écrits de nouveau, par vous.
manage-leave-title = La reprendre
manage-withdraw-text = Le retrait fait baisser le nombre avec le prochain lot scellé. Vous pourrez signer de nouveau plus tard.
manage-withdraw-link = Retirer ma signature…
manage-withdraw-title = Retirer votre signature ?
manage-withdraw-sure = Le nombre baisse d’une unité avec le prochain lot scellé. Le registre public dit qu’une inscription a été retirée, sans dire de qui.
manage-withdraw-button = Oui, la retirer
manage-erase-text = L’effacement supprime votre nom, votre adresse et tout ce qui pourrait révéler que vous avez signé. Tant que la pétition est ouverte, il retire aussi votre signature.
manage-erase-link = Effacer mes données…
manage-erase-title = Effacer vos données ?
manage-erase-sure = C’est définitif, et ce lien cesse de fonctionner. Les copies dans les sauvegardes chiffrées deviennent illisibles dès que leur clé est détruite.
manage-erase-button = Oui, tout effacer
manage-keep = Non, la garder
manage-withdrawn-text = Votre signature est retirée. Le nombre baisse avec le prochain lot scellé. Vous pouvez signer de nouveau quand vous le voulez.
manage-erased-text = Vos données sont effacées. Plus rien ici ne peut révéler que vous avez signé.
manage-expired-text = Cette signature n’a pas été confirmée à temps, et rien n’en est conservé. Vous pouvez simplement signer de nouveau.
manage-unknown-text = Nous ne connaissons pas ce lien. Il a peut-être été coupé lors de la copie, ou son délai est passé. Nous pouvons vous en envoyer un nouveau.
manage-ask-title = Recevoir mon lien
manage-ask-text = Avec votre lien personnel, vous pouvez voir votre signature, en montrer moins, la retirer ou l’effacer.
manage-ask-hint = L’adresse avec laquelle vous avez signé, écrite de la même façon.
manage-ask-button = Envoyez-moi mon lien
manage-ask-done = Si une signature appartient à cette adresse, un message est en route.
manage-ask-done-text = Nous montrons la même page pour toute adresse, pour que personne ne puisse apprendre ici qui a signé.
receipt-title = Reçu
receipt-text = Avec ce fichier, vous pourrez prouver plus tard, à qui vous voulez, que votre signature est au registre. Réfléchissez avant de le garder : quelqu’un qui a du pouvoir sur vous pourrait l’exiger.
receipt-button = Télécharger le reçu

## Ce n’était pas moi

not-me-ask-title = Vous n’avez pas demandé ce message ?
not-me-ask-text = Quelqu’un a écrit votre adresse, peut-être par erreur. Appuyez sur le bouton : la signature est abandonnée, et ce site ne vous écrit plus jamais.
not-me-nothing = Si vous ne faites rien, rien n’est compté, et le formulaire est supprimé après 30 jours.
not-me-button = Ne m’écrivez plus jamais
not-me-done-title = C’est fait. Nous ne vous écrirons plus.
not-me-done-text = La signature est abandonnée. Nous ne gardons qu’une empreinte brouillée de votre adresse, afin de pouvoir tenir cette promesse.
not-me-unknown-title = Nous ne connaissons pas ce lien
not-me-unknown-text = Il a peut-être été coupé lors de la copie, ou son délai est passé. Rien n’a changé, et rien n’est compté sans confirmation.

## Signataires et certificats

signers-title = Signataires qui montrent leur nom
signers-text = Seules les personnes qui l’ont demandé sont nommées ici. La plupart sont comptées sans être nommées.
signers-as-of = État au { $when }. Les nouveaux noms paraissent une fois par jour, après relecture par une personne.
signers-none = Personne n’est encore nommé.
signers-pages = Pages de noms
signers-earlier = Noms précédents
signers-later = Noms suivants
certificates-title = Certificats
certificates-text = Ce que reçoit une institution : le nombre à un moment donné, avec tout ce qu’il faut pour le recalculer sans nous.
certificates-none = Aucun certificat n’a encore été délivré.
certificate-serial = Certificat nº { $serial }
certificate-draft = Projet : signé par le serveur seul
certificate-demo = DÉMO
certificate-final = Délivré
certificate-checkpoint = Compté sur les { $size } premières inscriptions du registre.
certificate-replaces = Remplace
certificate-bundle = Dossier de preuves (zip)
certificates-log = Chacun peut recompter le registre tel qu’il est maintenant, avec cette commande :

## Erreurs

error-number = Code { $status }
error-400-title = Nous n’avons pas pu lire cette demande
error-400-text = Rien n’a été enregistré. Retournez à la pétition et essayez encore une fois.
error-403-title = Cette page ne vous est pas ouverte
error-403-text = Si un lien vous a mené ici, il n’est pas destiné à tous. Les pétitions le sont.
error-404-title = Cette page n’existe pas
error-404-text = L’adresse a peut-être été coupée, ou elle a changé. Les pétitions, elles, sont toujours là.
error-405-title = Cette adresse ne s’utilise pas ainsi
error-405-text = Retournez à la pétition et utilisez les boutons de la page.
error-413-title = C’était trop à la fois
error-413-text = Le formulaire était plus grand qu’une signature n’a besoin de l’être. Rien n’a été enregistré.
error-415-title = Nous ne savons pas lire ce format
error-415-text = Rien n’a été enregistré. Utilisez le formulaire de la page de la pétition.
error-429-title = Beaucoup de formulaires viennent de votre réseau
error-429-text = Pour écarter les robots, nous n’en prenons qu’un certain nombre d’un même endroit. Rien n’a été enregistré ; votre formulaire sera bienvenu un peu plus tard.
error-503-title = Il y a beaucoup de monde en ce moment
error-503-text = Rien n’a été enregistré, et vous pouvez réessayer sans risque.
error-500-title = Quelque chose n’a pas marché de notre côté
error-500-text = Ce n’est pas votre faute. Réessayez dans quelques minutes : un formulaire envoyé deux fois ne compte jamais deux fois.
error-closed-title = Cette pétition est close
error-closed-text = Elle ne prend plus de signatures. Son texte et son décompte restent lisibles ici.
error-paused-title = Cette pétition est suspendue
error-paused-text = Rien n’a été enregistré. La date de clôture recule de la durée de la pause : revenez bientôt.
error-text-changed-title = Le texte a été corrigé entre-temps
error-text-changed-text = Rien n’a été enregistré. Merci de lire le nouveau texte et de signer de nouveau.
error-conflict-title = Ce n’est pas possible en ce moment
error-conflict-text = Rien n’a changé. Retournez à la pétition.
error-retry = { $n ->
    [one] Réessayez dans une minute environ.
   *[other] Réessayez dans { $n } minutes environ.
  }
error-contact = Si cela se répète, écrivez à { $contact }.

## Mentions légales

legal-title = Mentions légales
legal-lead = Qui publie ce site, et comment le joindre.
legal-issuer = Éditeur
legal-contact = Contact
legal-site = Site
legal-software = Logiciel
legal-age-title = Âge minimal
legal-age = { $n ->
    [one] Vous pouvez signer à partir de { $n } an.
   *[other] Vous pouvez signer à partir de { $n } ans. Si vous êtes plus jeune, ne remplissez pas le formulaire.
  }
legal-status-title = Ce que ceci n’est pas
legal-status = Les certificats sont délivrés par l’éditeur, et non par une autorité publique. Ils comptent des adresses e-mail dont chacune a été confirmée par un acte délibéré ; une adresse ne prouve ni une personne, ni un âge, ni un domicile, ni une nationalité.
legal-content-title = Corrections
legal-content = Les chiffres sur les prisonniers portent une source et une date. Si quelque chose est faux, ou vous concerne, vous ou votre famille, écrivez à { $contact } ; nous corrigeons ou nous retirons.

## Accessibilité

accessibility-title = Accessibilité
accessibility-lead = Chacun doit pouvoir signer : au clavier, avec un lecteur d’écran, sur un petit téléphone, et sans script.
accessibility-done-title = Ce à quoi nous veillons
accessibility-1 = Nous construisons selon les WCAG 2.2, niveau AA, et chaque page est testée automatiquement.
accessibility-2 = Chaque formulaire s’utilise au clavier seul, et sans script.
accessibility-3 = Il n’y a pas d’énigme à résoudre : le contrôle contre les robots est un calcul que fait votre navigateur.
accessibility-4 = Le texte s’agrandit jusqu’à 400 % sans défilement latéral. Les couleurs suivent votre réglage clair ou sombre.
accessibility-5 = Les mouvements se limitent à ce que vous permettez dans les réglages de votre système.
accessibility-known-title = Ce que nous savons encore insuffisant
accessibility-known = Ces pages ont été vérifiées par des machines et au clavier, mais pas encore par des personnes qui se servent chaque jour d’un lecteur d’écran. Si c’est votre cas, votre avis nous sera précieux.
accessibility-help-title = Dites-le-nous
accessibility-help = Si quelque chose vous empêche de signer, écrivez à { $contact }. Nous répondons, et nous cherchons un autre moyen pour vous.

## Vérifier

verify-title = Vérifiez un certificat vous-même
verify-lead = Vous n’avez pas à nous croire. Avec le dossier de preuves, vous pouvez recalculer le nombre, hors ligne et sans notre serveur.
verify-certificate-title = En une commande
verify-1 = Téléchargez le dossier de preuves depuis la page des certificats de la pétition.
verify-2 = Procurez-vous le fichier de confiance, avec les clés publiques de l’éditeur, par une autre voie que ce site : sur papier, en main propre, par quelqu’un que vous connaissez.
verify-3 = Installez le programme depuis sa source publique, et lancez :
verify-exit = Il ne dit « valide » qu’au regard des clés que vous lui avez données. Sans fichier de confiance, il dit « cohérent, émetteur non vérifié » et montre une empreinte que vous pouvez comparer.
verify-log-title = Le registre tel qu’il est maintenant
verify-log = La même commande lit le registre public d’une pétition et refait le compte. L’adresse du registre figure sur la page des certificats de la pétition :
verify-hand-title = Sans notre programme
verify-hand = Le dossier contient un fichier VERIFY.txt, avec les étapes pour openssl, ssh-keygen, sha256sum et pdfsig seulement. Les formats sont des normes publiées ; d’autres programmes les lisent aussi.
verify-not-title = Ce que cela ne prouve pas
verify-not = Le registre prouve combien il y a d’inscriptions et qu’elles n’ont pas changé. Qu’elles correspondent à des adresses e-mail différentes, chacune confirmée par un acte délibéré, c’est l’éditeur qui l’affirme. Une adresse ne prouve ni une personne, ni un âge, ni un domicile, ni une nationalité.
