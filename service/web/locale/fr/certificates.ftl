# Certificates, receipts, promises

promise-how = Pour nous contrôler, enregistrez ces lignes telles quelles dans un fichier promise.txt et, après l’heure indiquée, lancez ceci, avec nos clés publiques obtenues ailleurs que sur ce site :
