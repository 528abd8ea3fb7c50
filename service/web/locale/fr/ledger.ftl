# Le registre public, là où les pages en parlent.

repaired-note = Le { $day }, ce registre a été réparé à partir de sa copie publiée, après la restauration d’une sauvegarde. Personne ne compte deux fois. Si vous aviez confirmé peu avant, appuyez encore une fois sur le lien de notre message.
repaired-link = Ce qui s’est passé, en chiffres
