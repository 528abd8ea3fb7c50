# Les nouvelles, leur flux, et comment ne plus les recevoir.
updates-title = Nouvelles
updates-none = Il n’y a pas encore de nouvelles.
updates-how = Qui signe peut demander à recevoir des nouvelles par courriel. Sans adresse :
updates-feed = le flux pour lecteurs de nouvelles
updates-petition = Vers la pétition
updates-case = Vers la page du prisonnier
unsubscribe-ask-title = Ne plus recevoir de nouvelles ?
unsubscribe-ask-text = Un geste, et nous ne vous enverrons plus de nouvelles. Votre signature reste telle quelle.
unsubscribe-button = Ne plus en recevoir
unsubscribe-done-title = Vous ne recevrez plus de nouvelles
unsubscribe-done-text = Votre adresse n’est plus sur la liste. Votre signature reste telle quelle.
unsubscribe-unknown-title = Ce lien ne fonctionne pas
unsubscribe-unknown-text = Votre messagerie l’a peut-être coupé. Ouvrez-le depuis le message le plus récent ; chacun de nos messages en contient un.
manage-news-title = Nouvelles
manage-news-text = Vous recevez par courriel des nouvelles de cette campagne.
manage-news-button = Ne plus en recevoir
manage-news-done = Vous ne recevrez plus de nouvelles.
