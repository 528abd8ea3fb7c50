# Այն, ինչ կազմակերպիչները կարդում են իրենց գրասենյակում, հայերեն։ Նույն հաղորդագրություններն ու փոփոխականները, ինչ մյուս լեզուներում։

## Շրջանակ

desk-title = Գրասենյակ
desk-demo = Ցուցադրություն․ ոչինչ դուրս չի գալիս այս մեքենայից, և ոչ մի ստորագրություն չի հաշվվում։
desk-nav = Գրասենյակի էջերը
desk-nav-home = Հանրագրեր
desk-nav-approvals = Համաձայնություններ
desk-nav-people = Մարդիկ
desk-nav-audit = Մատյան
desk-sign-out = Դուրս գալ
desk-footer = Այստեղ Դուք տեսնում եք թվեր և վիճակներ, երբեք՝ ստորագրողների ցանկը։
desk-to-site = Դեպի հանրային կայք
desk-waiting = { $n ->
    [one] սպասում է երկրորդ մարդու
   *[other] սպասում են երկրորդ մարդու
  }
desk-second-passkey = Դուք ունեք մեկ մուտքի բանալի։ Եթե այդ սարքը կորչի, վերադառնալու համար Ձեզ գործընկեր պետք կլինի։
desk-second-passkey-link = Ավելացնել երկրորդը
desk-save = Պահպանել
desk-change = Փոխել
desk-back = Վերադառնալ գրասենյակ
desk-by-service = ծառայությունը
desk-somebody-gone = մեկը, ով այլևս այստեղ չէ

## Ինչ արվեց

desk-said-saved = Պահպանված է։
desk-said-signed-out = Դուք դուրս եկաք։
desk-said-passkey-added = Մուտքի բանալին պահպանված է։ Այսուհետ կարող եք մուտք գործել դրանով։
desk-said-passkey-removed = Մուտքի բանալին հեռացված է, և Ձեր մյուս աշխատաշրջաններն ավարտված են։
desk-said-session-ended = Աշխատաշրջանն ավարտված է։
desk-said-invited = Հրավերն ուղարկվում է էլ. փոստով։
desk-said-proposed = Առաջարկված է։ Կարվի, երբ երկրորդ մարդը համաձայնի։
desk-said-approved = Համաձայնությունը տրված է։
desk-said-done = Համաձայնությունը տրված է, և արված է։
desk-said-refused = Մերժված է։ Ոչինչ չի փոխվել։

## Մուտք

desk-sign-in = Մուտք
desk-sign-in-lead = Հեռախոսի, համակարգչի կամ անվտանգության բանալու մուտքի բանալիով։ Չկա գաղտնաբառ, որ հնարավոր լինի գողանալ։
desk-sign-in-button = Մուտք գործել մուտքի բանալիով
desk-sign-in-help = Չեմ կարողանում մուտք գործել
desk-sign-in-help-first = Առաջին անգա՞մն է։ Բացեք Ձեր հրավերի հղումը․ այն տանում է դեպի Ձեր առաջին մուտքի բանալին։
desk-sign-in-help-lost = Կորցրե՞լ եք Ձեր մուտքի բանալիները։ Զանգահարեք գործընկերոջը, որն այստեղ կառավարում է մարդկանց։ Նա կօգնի Ձեզ վերադառնալ․ հղումը կստանաք փոստով, իսկ թիվը՝ նրանից։
desk-passkey-wait = Ձեր դիտարկիչը հարցնում է մուտքի բանալին…
desk-passkey-failed = Մուտքի բանալին չօգտագործվեց։ Կարող եք նորից փորձել։
desk-passkey-refused = Այս մուտքի բանալին այստեղ ծանոթ չէ։ Փորձեք մեկ ուրիշը կամ հարցրեք գործընկերոջը։
desk-passkey-none = Այս դիտարկիչը մուտքի բանալիներ չի ճանաչում։ Firefox-ի, Chrome-ի, Edge-ի կամ Safari-ի նոր տարբերակները ճանաչում են։
desk-passkey-later = Այս պահին չափազանց շատ փորձեր կան։ Փորձեք մեկ րոպեից։
desk-passkey-stale = Այս էջը հնացել է։ Վերաբեռնեք այն և նորից փորձեք։
desk-passkey-noscript = Մուտքի բանալին այստեղ միակ բանն է, որին JavaScript է պետք։ Խնդրում ենք թույլատրել այն այս էջի համար։
desk-link-gone = Այս հղումն այլևս ոչ մի տեղ չի տանում
desk-link-gone-text = Այն արդեն օգտագործվել է, կամ ժամկետն անցել է։ Նորը խնդրեք այն գործընկերոջից, ով Ձեզ հրավիրել է։
desk-join = Բարի գալուստ
desk-join-invite = Բարի գալուստ գրասենյակ
desk-join-invite-text = Հաջորդ էջում կստեղծեք Ձեր առաջին մուտքի բանալին․ հեռախոսը կամ համակարգիչը կխնդրի Ձեր մատնահետքը, դեմքը կամ իր PIN-ը։ Դա մեկ րոպե է տևում։
desk-join-recover = Կրկին բարի գալուստ
desk-join-recover-text = Գործընկերը Ձեզ ասել է ութանիշ թիվ։ Դրանով կարող եք ստեղծել նոր մուտքի բանալի․ հներն ու Ձեր աշխատաշրջանները կավարտվեն։
desk-join-demo = Ցուցադրության գրասենյակը
desk-join-demo-text = Դուք մտնում եք որպես բոլոր դերերն ունեցող կազմակերպիչ։ Ցուցադրությունից դուրս դրա համար պետք են հրավեր և մուտքի բանալի։
desk-join-button = Մտնել
desk-code = Գործընկերոջ ասած թիվը
desk-code-hint = Ութ նիշ։ Հինգ սխալից հետո հղումն այլևս չի գործում։
desk-fresh = Իսկապե՞ս Դուք եք
desk-fresh-text = Այն, ինչ պատրաստվում եք անել, կարևոր է։ Եվս մեկ անգամ օգտագործեք մուտքի բանալին․ ձեր գրածը պահպանված է, և գործողությունը անմիջապես կշարունակվի։
desk-fresh-button = Օգտագործել մուտքի բանալին և շարունակել
desk-fresh-none = Դուք դեռ մուտքի բանալի չունեք։ Նախ ավելացրեք մեկը։

## Դուք

desk-account = Դուք
desk-you = Անուն և լեզու
desk-name = Անուն
desk-name-hint = Այն, ինչ տեսնում են գործընկերները։ Պահվում է կնքված։
desk-language = Լեզու
desk-email = Էլ. փոստի հասցե
desk-passkeys = Մուտքի բանալիներ
desk-passkeys-first = Հիմա ստեղծեք Ձեր առաջին մուտքի բանալին։ Մինչ այդ այստեղ ուրիշ ոչինչ տեսանելի չէ։
desk-passkeys-second = Խնդրում ենք ավելացնել երկրորդը մեկ այլ սարքի վրա՝ այն օրվա համար, երբ այս մեկը կորչի։
desk-passkey-add = Ավելացնել մուտքի բանալի
desk-passkey-added = ավելացվել է { $when }
desk-passkey-used = վերջին օգտագործումը՝ { $when }
desk-passkey-synced = պահվում է նաև Ձեր մատակարարի մոտ
desk-passkey-remove = Հեռացնել այս մուտքի բանալին
desk-label = Անվանումը
desk-label-new = Նոր մուտքի բանալու անվանումը
desk-label-hint = Որպեսզի ճանաչեք, օրինակ՝ «հեռախոս» կամ «դարակի բանալի»։
desk-sessions = Որտեղ եք մուտք գործել
desk-sessions-hint = Աշխատաշրջանն ինքն իրեն ավարտվում է 30 րոպե անգործությունից հետո, ամեն դեպքում՝ 12 ժամից։
desk-session-this = այս մեկը
desk-session-begun = սկսած՝
desk-session-end = Ավարտել
desk-sessions-end-others = Ավարտել բոլոր մյուսները
desk-device-unknown = Անծանոթ սարք

## Հանրագրեր

desk-home = Հանրագրեր
desk-home-none = Դուք դեռ հանրագիր չունեք։
desk-home-approvals = { $n ->
    [one] { $n } առաջարկ սպասում է երկրորդ մարդու։
   *[other] { $n } առաջարկ սպասում է երկրորդ մարդու։
  }

## Համաձայնություններ

desk-approvals-lead = Այն, ինչ հնարավոր չէ հետ բերել, և այն, ինչ վերաբերում է բոլորի տվյալներին, պահանջում է երկու մարդ։ Կարդացեք, թե ինչ է արվելու և ինչու։
desk-approvals-none = Սպասող ոչինչ չկա։
desk-approvals-over = Վերջերս որոշվածը
desk-proposed-by = Առաջարկել է
desk-reason = Ինչու
desk-reason-hint = Երկրորդ մարդը կկարդա սա, և այն կմնա մատյանում։
desk-due = Կարելի է անել սկսած
desk-lapses = Ուժը կորցնում է
desk-approve = Համաձայնել
desk-refuse = Մերժել
desk-withdraw = Հետ վերցնել
desk-carry-out = Կատարել
desk-decision-approved = Համաձայնել է
desk-decision-due = Համաձայնել է
desk-decision-done = Համաձայնել է
desk-decision-refused = Մերժել է
desk-decision-withdrawn = Հետ է վերցրել
desk-decision-expired = Համաձայնել է
desk-approval-done = արված է
desk-approval-refused = մերժված է
desk-approval-withdrawn = հետ է վերցված
desk-approval-expired = ուժը կորցրած
desk-approval-waiting = սպասում է
desk-approval-approved = համաձայնեցված
desk-approval-due = կարելի է կատարել
desk-act-people-invite = Հրավիրել մեկին
desk-act-people-roles = Փոխել մեկի դերերը
desk-act-people-remove = Հեռացնել մեկին
desk-fact-person = Անձ
desk-fact-roles = Դերեր

## Մարդիկ

desk-roles = Դերեր
desk-role = Դեր
desk-all-associations = Բոլոր միավորումները
desk-role-editor = Խմբագիր
desk-role-editor-hint = հանրագրեր, տեքստեր, նորություններ
desk-role-moderator = Մոդերատոր
desk-role-moderator-hint = պահվածը, ցուցադրվողը, անվավեր ճանաչվողը
desk-role-certifier = Վկայագրող
desk-role-certifier-hint = վկայականներ, հանձնումներ, արտահանումներ
desk-role-operator = Օպերատոր
desk-role-operator-hint = մարդիկ, բանալիներ, մատյան
desk-person-proposed = սպասում է համաձայնության
desk-person-invited = հրավիրված
desk-person-active = գործող
desk-person-passkeys = { $n ->
    [one] { $n } մուտքի բանալի
   *[other] { $n } մուտքի բանալի
  }
desk-invite = Հրավիրել մեկին
desk-invite-hint = Մարդը փոստով կստանա հղում, որը գործում է յոթ օր և տանում է դեպի նրա առաջին մուտքի բանալին։
desk-invite-button = Հրավիրել
desk-invite-again = Կրկին ուղարկել հրավերը
desk-people-invite-reason = Նոր գործընկեր
desk-associations = Միավորումներ
desk-associations-hint = Հանրագիրը կարող է պատկանել մեկ միավորման․ այդ դեպքում այն այստեղ տեսնում են միայն նրա մարդիկ և նրանք, ովքեր դեր ունեն բոլորում։
desk-association-name = Նոր միավորման անունը
desk-association-slug = Կարճ անուն
desk-association-slug-hint = Փոքրատառ լատինատառեր, թվեր և գծիկներ․ այն չի փոխվում։
desk-association-add = Ավելացնել միավորումը
desk-roles-hint = Նոր դերերն սկսվում են նոր մուտքից․ մարդու աշխատաշրջաններն ավարտվում են, և նրան տեղեկացնում ենք փոստով։
desk-roles-save = Փոխել դերերը
desk-recover = Օգնել վերադառնալ
desk-recover-text = Երբ մեկը կորցրել է իր բոլոր մուտքի բանալիները․ նա փոստով հղում է ստանում, իսկ Դուք հեռախոսով նրան թիվ եք ասում։ Համոզվեք, որ ճանաչում եք նրա ձայնը։
desk-recover-button = Ուղարկել հղումը և ցույց տալ թիվը
desk-recover-code = Ասեք նրան այս թիվը
desk-recover-code-text = Այն ցուցադրվում է միայն հիմա։ Ասեք ձայնով, երբեք՝ փոստով։ Գործում է 24 ժամ՝ հղման հետ միասին։
desk-remove = Հեռացնել
desk-remove-text = Մուտքի բանալիները, աշխատաշրջանները, անունն ու հասցեն ջնջվում են։ Մարդու արածը մնում է մատյանում՝ առանց անվան։
desk-remove-button = Հեռացնել այս մարդուն

## Մատյան

desk-audit-lead = Ով ինչ է արել այստեղ և երբ։ Ծառայությունը կարող է տողեր ավելացնել, բայց ոչ մեկը չի կարող փոխել։
desk-audit-check = Ստուգել ամբողջականությունը
desk-audit-whole = { $n ->
    [one] { $n } տող, այնպես, ինչպես գրվել է։
   *[other] Բոլոր { $n } տողերն այնպես են, ինչպես գրվել են։
  }
desk-audit-broken = Մատյանը փոխվել է՝ { $detail }։ Խնդրում ենք անմիջապես տեղեկացնել օպերատորին և ոչինչ չփոխել։
desk-audit-person = Անձ
desk-audit-anybody = ցանկացած
desk-audit-act = Գործողություն
desk-audit-filter = Ցույց տալ
desk-audit-number = Համար
desk-audit-when = Երբ
desk-audit-who = Ով
desk-audit-facts = Ինչ
desk-audit-more = Ավելի վաղ

## Մերժումներ

desk-refused = Չստացվեց
desk-refused-other = Ոչինչ չի փոխվել։ Վերադարձեք և նորից փորձեք։
desk-refused-404-title = Այդպիսի էջ չկա
desk-refused-404 = Հնարավոր է՝ այն այլևս չկա, կամ Ձեր դերերը դեպի այն չեն տանում։
desk-refused-cross-origin = Սա չի եկել գրասենյակի գործող էջից։ Կրկին բացեք էջը և ուղարկեք։
desk-refused-too-large = Չափազանց երկար էր։ Ոչինչ չի պահպանվել․ տեքստը դեռ Ձեր դիտարկիչում է, եթե հետ գնաք։
desk-refused-busy = Գրասենյակն այս պահին զբաղված է։ Ոչինչ չի պահպանվել․ նորից փորձեք։
desk-refused-last-passkey = Ձեր միակ մուտքի բանալին հնարավոր չէ հեռացնել։ Նախ ավելացրեք մեկ ուրիշը։
desk-refused-approval-own = Սրա մասին պետք է որոշի մեկ այլ մարդ։
desk-refused-approval-decided = Մեկն ավելի արագ էր․ սա արդեն որոշված է։
desk-refused-approval-done = Սա արդեն արված է։
desk-refused-approval-expired = Սրա ժամկետն անցել է։ Եթե դեռ պետք է, նորից առաջարկեք։
desk-refused-approval-not-due = Պետք է սպասել նշված ժամին։
desk-refused-last-operator = Մարդկանց կառավարող ոչ ոք չէր մնա։ Նախ այդ դերը տվեք մեկ ուրիշին։
desk-fault-role = Ընտրեք առնվազն մեկ դեր։
desk-fault-organizer-known = Այս հասցեով մեկն արդեն հաշիվ ունի։
desk-fault-last-operator = Մարդկանց կառավարող ոչ ոք չէր մնա։ Նախ այդ դերը տվեք մեկ ուրիշին։
desk-fault-reason-missing = Նշեք պատճառը․ երկրորդ մարդը պետք է իմանա։
desk-fault-reason-too-long = Առավելագույնը 500 նիշ։
desk-fault-slug = Միայն փոքրատառ լատինատառեր, թվեր և գծիկներ։
desk-fault-slug-taken = Այս կարճ անունն արդեն զբաղված է։
desk-fault-name-missing = Անուն է պետք։
desk-fault-label-missing = Անուն է պետք։
desk-fault-code = Դա այդ թիվը չէ։ Խնդրեք գործընկերոջը կրկին կարդալ այն։
