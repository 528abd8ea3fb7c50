## La page sur laquelle on vérifie un certificat
verify-no-script = Avec son script, cette page recompte un certificat dans votre navigateur. Sans lui, suivez l’une des voies ci-dessous.
verify-keep = Gardez ce vérificateur sous forme de fichier.
verify-keep-hash = Il s’ouvre sans réseau, et c’est le même fichier que dans chaque dossier de preuves. Son SHA-256 :
verify-keys-title = Les empreintes de nos clés
verify-keys-text = Comparez-les avec celles de votre certificat, et de préférence aussi avec une copie qui ne vient pas de ce site : sur papier, par téléphone, par quelqu’un que vous connaissez.
verify-key-certificate = Clé de nos certificats
verify-key-log = Registre d’une pétition
verify-key-anchor = Registre d’ancrage
verify-key-pdf = Sceau de nos PDF (SHA-256)
verify-keys-none = Aucune clé n’a encore été publiée ici.
