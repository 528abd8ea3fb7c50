# Գրասեղան․ ստորագրություններ, որոնք հանվում են հաշվից, միանգամից շատ, և վերադարձվում։

desk-tab-invalidation = Հանել հաշվից
desk-invalidation-lead = Հանեք ստորագրությունները հաշվից՝ ըստ նրանց ընդհանուր հատկանիշի։ Դուք տեսնում եք քանիսն են, երբեք՝ ովքեր․ երկրորդ մարդը պետք է համաձայնի, և յուրաքանչյուրը հրապարակային մատյանում գրված է իր պատճառով։
desk-invalidation-condition = Ո՞ր ստորագրությունները
desk-invalidation-hint = Այն ամենը, ինչ լրացնում եք, պետք է ճիշտ լինի։ Մի դաշտում մի քանի արժեք՝ ստորակետներով բաժանված։ Ցանցերը, տիրույթները, մուտքերը, նշանները և ժամերը հայտնի են հաստատումից հետո մեկ օր, օրերը, տարբերակները և համարները՝ միշտ։
desk-invalidation-preview = Քանի՞սն են
desk-invalidation-count = { $n ->
    [0] Հաշվված ոչ մի ստորագրություն չի համապատասխանում։
    [one] Այժմ համապատասխանում է { $n } ստորագրություն։
   *[other] Այժմ համապատասխանում է { $n } ստորագրություն։
  }
desk-invalidation-at-least = { $n ->
    [0] Առաջին 10 000 դիտվածների մեջ ոչ մեկը չի համապատասխանում։
    [one] Այժմ համապատասխանում է առնվազն { $n } ստորագրություն։
   *[other] Այժմ համապատասխանում է առնվազն { $n } ստորագրություն։
  }
desk-invalidation-many = Դրանք շատ են՝ միանգամից հաշվելու համար։ Բոլորը հաշվելը կտևի մի քանի վայրկյան․ դրանք հանել կարող եք առաջարկել, երբ տեսնեք ճշգրիտ թիվը։
desk-invalidation-all = Հաշվել բոլորը
desk-invalidation-as-of = Առ
desk-invalidation-still-out = Դրանցից քանի՞սն են դեռ հանված
desk-invalidation-every-act = Այն ամենը, ինչ որոշվել է
desk-invalidation-n = { $n ->
    [one] { $n } հաշվված ստորագրություն
   *[other] { $n } հաշվված ստորագրություն
  }
desk-invalidation-grounds = Պատճառը հրապարակային մատյանում
desk-invalidation-grounds-hint = Բոլորը կարող են այն կարդալ։
desk-invalidation-propose = Առաջարկել հանել
desk-invalidation-clusters = Ինչն ունեն ընդհանուր
desk-invalidation-acts = Ինչ է որոշվել
desk-invalidation-progress = { $done }՝ { $total }-ից
desk-invalidation-passed = { $n ->
    [one] { $n }-ն այդ ընթացքում փոխվել էր և թողնվել է անփոփոխ
   *[other] { $n }-ն այդ ընթացքում փոխվել էին և թողնվել են անփոփոխ
  }
desk-invalidation-stop = Կանգնեցնել
desk-invalidation-resume = Շարունակել
desk-invalidation-reverse = { $n ->
    [one] Վերադարձնել { $n } ստորագրություն…
   *[other] Վերադարձնել { $n } ստորագրություն…
  }
desk-invalidation-propose-reverse = Առաջարկել վերադարձնել
desk-act-kind-X = Հանված
desk-act-kind-R = Վերադարձված
desk-act-state-ready = ընթացքի մեջ է
desk-act-state-stopped = կանգնեցված է
desk-act-state-done = արված է
desk-act-invalidation-invalidate = Հանել ստորագրություններ հաշվից
desk-act-invalidation-reverse = Վերադարձնել ստորագրություններ հաշվի մեջ
desk-grounds-duplicate = duplicate՝ երկու անգամ ստորագրված
desk-grounds-disposable = disposable՝ միանգամյա հասցեներ
desk-grounds-bounced = bounced՝ այդպիսի հասցե չկա
desk-grounds-fraud = fraud՝ մարդիկ չեն ստորագրել
desk-grounds-organizer-request = organizer-request՝ կազմակերպիչների ցանկությամբ
desk-grounds-court-order = court-order՝ դատարանի պահանջով
desk-fact-signatures = Ստորագրություններ
desk-fact-grounds = Պատճառը մատյանում
desk-fact-reverses = Չեղարկում է
desk-fact-ids = Ստորագրությունների համարներ
desk-fact-received_from = Ստացված՝ սկսած
desk-fact-received_until = Ստացված՝ մինչև
desk-fact-days_from = Հաստատված՝ սկսած օրվանից
desk-fact-days_until = Հաստատված՝ մինչև օրը ներառյալ
desk-fact-prefixes = Ցանց
desk-fact-domains = Փոստային տիրույթ
desk-fact-lanes = Մուտք
desk-fact-marks = Նշաններ
desk-fact-text_versions = Տեքստի տարբերակ
desk-feature-hint-received_from = Օրինակ՝ 2026-11-26 12:00, UTC։
desk-feature-hint-received_until = Օրինակ՝ 2026-11-26 12:05, UTC․ այս րոպեն չի մտնում։
desk-feature-hint-days_from = Օրինակ՝ 2026-11-26։
desk-feature-hint-days_until = Օրինակ՝ 2026-11-27․ այս օրը մտնում է։
desk-feature-hint-marks = Բոլորը պետք է լինեն։
desk-feature-hint-prefixes = Խմբի ծածկագիրը․ ընտրեք ցանկից, և այն կհայտնվի այստեղ։
desk-feature-hint-domains = Խմբի ծածկագիրը․ ընտրեք ցանկից, և այն կհայտնվի այստեղ։
desk-feature-hint-ids = Առավելագույնը 50։
desk-fault-empty = Լրացրեք առնվազն մեկ դաշտ․ ոչինչ չի արվում բոլորի համար։
desk-fault-unreadable-feature = Սա հնարավոր չէ կարդալ․ տեսեք օրինակը և տվեք առավելագույնը 50 արժեք։
desk-refused-count-changed = Թիվն այլևս այն չէ, ինչ ցույց էր տրված։ Ոչինչ չի արվել։ Նորից հաշվեք և առաջարկեք նոր թվով։
desk-said-act-stopped = Կանգնեցված է։ Արվածը մնում է արված։
desk-said-act-resumed = Շարունակվում է։
desk-said-act-over = Այժմ վիճակն այլ է․ տեսեք ստորև։
