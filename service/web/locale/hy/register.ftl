### Գրանցամատյան՝ գերիներ, հովանավորներ, աջակցություն։

## Cases

cases-title = Գերիները
cases-lead = Նրանցից յուրաքանչյուրն ունի անուն, ամսաթիվ և աղբյուր։ Հովանավորել նշանակում է հրապարակավ խոսել նրա մասին, մինչև որ տուն վերադառնա։
cases-held = { $n ->
    [one] դեռ պահվում է
   *[other] դեռ պահվում են
  }
cases-of-start = սկզբի { $first }-ից ({ $when })
cases-of = այս գրանցամատյանի { $first }-ից
cases-as-of = առ { $when }
cases-freed = { $n ->
    [one] { $n } ազատ արձակված
   *[other] { $n } ազատ արձակված
  }
cases-died = { $n ->
    [one] { $n } մահացած
   *[other] { $n } մահացած
  }
cases-missing = { $n ->
    [one] բռնի անհետացած անձ՝ առանձին հաշվված
   *[other] բռնի անհետացած անձ՝ առանձին հաշվված
  }
cases-covered = Սպասվող { $held } հոգուց { $sponsored }-ն ունի հովանավոր։
cases-source = աղբյուր
cases-counted = Այս թվերը հաշվվում են այս գրանցամատյանի գործերից, որոնցից յուրաքանչյուրն ունի իր աղբյուրը․ դրանք ոչ մի տեղ գրված չեն։
cases-search = Գտնել անուն
cases-search-hint = Ցանկացած գրությամբ՝ Սարգսյան, Sargsyan, Sarkissian։
cases-search-button = Գտնել
cases-found = { $n ->
    [one] «{ $text }» որոնմամբ գտնվել է { $n } մարդ
   *[other] «{ $text }» որոնմամբ գտնվել է { $n } մարդ
  }
cases-none = Այս անունով ոչ ոք հանրային գրանցամատյանում չկա։
cases-none-such = Այս ցանկում առայժմ ոչ ոք չկա։
cases-empty = Գրանցամատյանը դեռ դատարկ է։
cases-show = Ցույց տալ
cases-show-all = բոլորին
cases-show-held = պահվողներին
cases-show-alone = առանց հովանավորի
cases-show-free = ազատվածներին
cases-show-missing = անհետացածներին
cases-page = Էջ { $page }՝ { $pages }-ից
cases-earlier = Նախորդ էջ
cases-later = Հաջորդ էջ
cases-all-link = Բոլոր գերիները
sample-mark = Նմուշ․ այս մարդը գոյություն չունի։
sample-sponsor = նմուշ
sample-sponsor-note = Նմուշ․ այս հովանավորը գոյություն չունի։
category-prisoner-of-war = Ռազմագերի
category-civilian = Քաղաքացիական անձ
category-official = Պաշտոնատար անձ
category-disappeared = Բռնի անհետացած
status-captured = Գերեվարված
status-confirmed = Պահվելը հաստատել է ԿԽՄԿ-ն
status-tried = Դատավարություն
status-sentenced = Դատապարտված
status-transferred = Տեղափոխված
status-released = Ազատ արձակված
status-died = Մահացած
status-missing = Անհետացած
status-unknown = Լուր չկա
clock-held = { $n ->
    [one] օր անազատության մեջ
   *[other] օր անազատության մեջ
  }
clock-missing = { $n ->
    [one] օր առանց լուրի
   *[other] օր առանց լուրի
  }
clock-ended = { $n ->
    [one] օր մինչև վերադարձը
   *[other] օր մինչև վերադարձը
  }
clock-ended-died = { $n ->
    [one] օր մինչև մահը
   *[other] օր մինչև մահը
  }
clock-since = { $precision ->
    [day] սկսած՝ { $when }
   *[other] սկսած՝ { $when }
}
clock-span = { $from } – { $to }
case-also = Գրվում է նաև
case-story = Մի կյանք
case-history = Ինչ է տեղի ունեցել
case-history-note = Յուրաքանչյուր տող ունի իր աղբյուրը և ստուգման օրը։
case-checked = ստուգված է { $when }
case-photo-credit = Լուսանկար՝ { $credit }, { $licence }
case-sponsors = Նրա հովանավորները
case-sponsors-none = Դեռ ոչ ոք չի հովանավորում նրան։
case-sponsors-group = Հովանավորում են ամբողջ խմբին
case-sponsors-count = { $n ->
    [one] { $n } հովանավոր
   *[other] { $n } հովանավոր
  }
case-sponsors-zero = առանց հովանավորի
case-offer = Հովանավորել նրան
case-kit = Հովանավորի փաթեթը
case-petitions = Հանրագրեր նրա համար
case-share = Խոսեք նրա մասին
case-share-why = Ձեր մեկ հաղորդագրությունն արժե տասը պաստառ։
case-share-link = Այս էջի հասցեն
site-share-link = Այս կայքի հասցեն
case-free-note = Նա ազատ է։ Շնորհակալություն բոլորին, ովքեր խոսել են նրա մասին։
case-correct = Սխա՞լ կա, կամ ընտանիքը խնդրանք ունի՞
case-take-down = Խնդրել ուղղել կամ հանել այս էջը
case-gone-title = Այս էջը հանված է
case-gone-text = Այն հանվել է ընտանիքի ցանկությամբ կամ զգուշությունից։ Մարդը մնում է հաշվառված՝ առանց անվան։

## Take-down

take-down-title = Խնդրել ուղղում կամ հանում
take-down-lead = Գրեք, թե ինչ պետք է փոխվի։ Յուրաքանչյուր խնդրանք կարդում է մարդ․ ընտանիքների խնդրանքները առաջինն են։
take-down-who = Ո՞վ եք Դուք այս մարդու համար
take-down-who-hint = Օրինակ՝ քույրը, փաստաբանը, ընթերցող։
take-down-contact = Ինչպե՞ս պատասխանենք Ձեզ (ըստ ցանկության)
take-down-what = Ի՞նչը պետք է փոխվի
take-down-button = Ուղարկել խնդրանքը
take-down-done = Շնորհակալություն։ Ստացել ենք, և մարդ է կարդալու։
take-down-sealed = Ձեր գրածը գաղտնագրված է․ այն կարդում են միայն կազմակերպիչները, և պատասխանից հետո ջնջվում է։
fault-who = Մի քանի բառով գրեք, թե ով եք։
fault-what = Գրեք, թե ինչ պետք է փոխվի՝ առավելագույնը 2000 նիշով։
fault-contact = Գրեք հասցե կամ համար՝ առավելագույնը 200 նիշով։

## Sponsors

sponsors-title = Հովանավորները
sponsors-lead = Քաղաքներ, պատգամավորներ, կազմակերպություններ, համալսարաններ․ յուրաքանչյուրը հրապարակավ ակտ է ստորագրել կամ որոշում է ընդունել և պատասխանատու է դրա համար։
sponsors-count = { $n ->
    [one] { $n } հովանավոր՝ { $countries } երկրում
   *[other] { $n } հովանավոր՝ { $countries } երկրում
  }
sponsors-none = Դեռ ոչ մի հովանավորություն չի հայտարարվել։ Ձերը կարող է առաջինը լինել։
sponsors-none-such = Այսպիսի հովանավոր չկա։
sponsors-all = բոլորը
sponsors-show = Ցույց տալ
sponsors-col-name = Հովանավոր
sponsors-col-kind = Տեսակ
sponsors-col-country = Երկիր
sponsors-col-for = Հովանավորում է
sponsor-website = Իր կայքը
sponsor-for = Հովանավորում է
sponsors-col-acts = Գործողություններ
sponsors-group = ամբողջ խմբին
sponsors-table = Հովանավորներն ըստ երկրի և տեսակի
sponsors-how = Ինչպես հովանավորել
sponsors-link = Բոլոր հովանավորները
kind-city = Քաղաք կամ մարզ
kind-parliamentarian = Պատգամավոր
kind-party = Խմբակցություն
kind-ngo = Հասարակական կազմակերպություն
kind-university = Համալսարան
kind-personality = Հայտնի անձ
kind-religious = Կրոնական կառույց
kind-company = Ընկերություն
deed-deed = Ակտը ստորագրվել է { $when }, { $place }
deed-motion = Որոշումն ընդունվել է { $when }, { $place }
deed-reference = թիվ { $reference }
deed-vote = քվեարկություն՝ { $vote }
deed-paper = փաստաթուղթը
pledge-announced = հայտարարված
pledge-active = գործում է
pledge-handed-over = փոխանցված
pledge-fulfilled = կատարված՝ նա ազատ է
pledge-ended = ավարտված
pledge-mandate = լիազորությունները՝ մինչև { $when }
act-letter = Նամակ
act-speech = Ելույթ
act-visit = Այցելություն
act-motion = Որոշում
act-question = Հարցում
act-article = Հոդված
act-event = Միջոցառում
act-proof = ապացույց
sponsored-by = Հովանավորում են
sponsored-more = { $n ->
    [one] և ևս { $n }-ը
   *[other] և ևս { $n }-ը
  }
sponsored-and = { $n ->
    [one] և { $count } ստորագրող
   *[other] և { $count } ստորագրող
  }
petition-held = Արշավի գրանցամատյանում՝
how-1-title = Ընտրել
how-1 = Մեկ մարդ կամ ամբողջ խումբը։ Ահա նրանք, ովքեր ունեն ամենաքիչ հովանավորները։
how-2-title = Առաջարկել
how-2 = Լրացրեք ձևաթուղթը և հաստատեք Ձեր հասցեն։ Կազմակերպիչը կպատասխանի․ առանց Ձեզ ոչինչ չի հրապարակվի։
how-3-title = Ստորագրել հրապարակավ
how-3 = Քաղաքապետարանում ստորագրված ակտ կամ խորհրդի քվեարկություն։ Փաթեթում կան ակտը և որոշման նախագիծ։
how-4-title = Խոսել նրա մասին
how-4 = Նամակ ընտանիքին, հարցում, հոդված, այցելություն․ յուրաքանչյուր քայլ հրապարակվում է իր ապացույցով։

## The offer

offer-title = Առաջարկել հովանավորություն
offer-lead = Քաղաքի, հաստատության, կազմակերպության կամ Ձեր անունից։ Ձեր գրածից ոչինչ չի հրապարակվում։
offer-who-title = Ով է հովանավորում
offer-kind = Առաջարկում եք
offer-choose = Ընտրեք
offer-sponsor = Հովանավորի անունը
offer-sponsor-hint = Քաղաքը, հաստատությունը, կազմակերպությունը կամ անձը, որի անունը կհրապարակվի։
offer-country = Երկիր
offer-mandate = Լիազորությունների ավարտը (ըստ ցանկության)
offer-mandate-hint = Ընտրված անձի համար․ այդ ժամանակ կհարցնենք՝ ով է շարունակում։
offer-case = Ո՞ւմ եք ցանկանում հովանավորել
offer-case-group = Ամբողջ խումբը
offer-case-fewest = Ամենաքիչ հովանավոր ունեցողները
offer-case-others = Մյուսները
offer-you-title = Ում հետ խոսել
offer-name = Ձեր անունը
offer-role = Ձեր պաշտոնը
offer-role-hint = Օրինակ՝ փոխքաղաքապետ, աշխատակազմի ղեկավար, նախագահ։
offer-email = Ձեր էլեկտրոնային հասցեն
offer-email-hint = Նախընտրելի է հաստատության հասցեն։ Այնտեղ կուղարկենք մեկ նամակ՝ հաստատելու կոճակով։
offer-phone = Հեռախոս (ըստ ցանկության)
offer-message = Խոսք կազմակերպիչներին (ըստ ցանկության)
offer-consent = Համաձայն եմ, որ կազմակերպիչներն այս տվյալները գաղտնագրված պահեն՝ ինձ պատասխանելու համար։
offer-button = Առաջարկել
offer-privacy = Այս տվյալները կարդում են միայն կազմակերպիչները։ Դրանք ջնջվում են, եթե առաջարկը երեսուն օրում չհաստատվի կամ չընդունվի։
offer-sent-title = Նայեք Ձեր փոստը
offer-sent-lead = Որպեսզի կազմակերպիչները տեսնեն Ձեր առաջարկը, բացեք նամակը, որն ուղարկում ենք այս հասցեին՝
offer-sent-old = Եթե ուղարկել եք ձևաթուղթը, նամակը ճանապարհին է Ձեր նշած հասցեին։
offer-sent-step-press = Սեղմեք «Հաստատել առաջարկս»։
offer-sent-step-answer = Կազմակերպիչը Ձեզ կգրի, սովորաբար մի քանի օրում։
offer-sent-change = Վերադառնալ ձևաթղթին
offer-ask-title = Հաստատեք Ձեր առաջարկը
offer-ask-text = Մեկ սեղմում, և կազմակերպիչները կտեսնեն Ձեր առաջարկը։
offer-ask-button = Հաստատել առաջարկս
offer-ask-for = Առաջարկ՝
offer-ask-freed = { $name } այս ընթացքում ազատ է արձակվել։ Այնուամենայնիվ հաստատեք․ կազմակերպիչը կառաջարկի մեկին, ով դեռ սպասում է։
offer-ask-gone = Այդ էջն այս ընթացքում հանվել է։ Այնուամենայնիվ հաստատեք․ կազմակերպիչը կառաջարկի մեկին, ով դեռ սպասում է։
offer-not-me = Ես չեմ գրել
offer-not-me-text = Իմ հասցեն տվել է ուրիշը։ Ջնջեք առաջարկը և այլևս երբեք մի՛ գրեք ինձ։
offer-verified-title = Շնորհակալություն։ Ձեր առաջարկը տեղ է հասել։
offer-verified-text = Կազմակերպիչը կգրի այս հասցեին։ Մինչ այդ փաթեթն արդեն պատրաստ է՝
offer-over-title = Այս առաջարկն այլևս չի սպասում
offer-over-text = Այն լրացել է կամ արդեն պատասխան է ստացել։ Այստեղ դրանից ոչինչ չի պահվում։
offer-unknown-title = Մենք չգիտենք այս հղումը
offer-unknown-text = Հնարավոր է՝ պատճենելիս կտրվել է։ Ոչինչ չի փոխվել։
offer-again = Առաջարկել հովանավորություն
fault-kind = Ընտրեք, թե ով է հովանավորում։
fault-sponsor = Գրեք հովանավորի անունը՝ առավելագույնը 120 նիշով, առանց կայքի հասցեի։
fault-case = Ընտրեք մեկին ցանկից կամ ամբողջ խումբը։
fault-phone = Գրեք համար կամ թողեք դատարկ։
fault-mandate-end = Գրեք ամսաթիվ, օրինակ՝ 2029-09-30, կամ թողեք դատարկ։
fault-message = Գրեք առավելագույնը 2000 նիշ։
fault-role-missing = Գրեք Ձեր պաշտոնը։
fault-consent-offer = Նշեք այս վանդակը․ առանց դրա չենք կարող պահել Ձեր առաջարկը։

## Kit

kit-title = Հովանավորի փաթեթը
kit-lead = Այն ամենը, ինչ պետք է հրապարակավ ստորագրելու համար։ Տպեք կամ փոխեք տեքստը տեքստային խմբագրիչում։
kit-deed = Հովանավորության ակտ
kit-deed-what = Ստորագրվում է քաղաքապետարանում՝ մամուլի և հյուրերի ներկայությամբ։
kit-motion = Որոշման նախագիծ
kit-motion-what = Քաղաքային կամ մարզային խորհրդի համար։
kit-press = Մամուլի հաղորդագրություն
kit-press-what = Լրացնել և ուղարկել ստորագրման օրը։
kit-sheet = Երկու էջանոց տեղեկաթերթ
kit-sheet-what = Պատմությունը, ամսաթվերը, աղբյուրները, և ում գրել։
kit-cards = Նկարներ և կոդ
kit-card = Նկար՝ տարածելու համար
kit-card-sponsor = Նկար՝ «մենք հովանավորում ենք նրան»
kit-qr = Նրա էջի QR կոդը
kit-pdf = PDF
kit-text = Խմբագրելի տեքստ
kit-rtf-hint = Խմբագրելի տեքստը (RTF) բացվում է Word-ում, LibreOffice-ում, Pages-ում և այլն։

## Support

support-title = Աջակցել և հետևել
support-lead = Ստորագրելն անվճար է և ոչինչ չի պահանջում։ Եթե ցանկանում եք, ահա ինչպես կարող եք դեռ օգնել։
support-donate = Նվիրաբերել
support-page = Կազմակերպության նվիրատվությունների էջը
support-chf = Շվեյցարական ֆրանկով
support-eur = Եվրոյով
support-chf-scan = QR-հաշիվ․ սկանավորեք շվեյցարական բանկի հավելվածով։
support-eur-scan = SEPA փոխանցման կոդ․ սկանավորեք բանկի հավելվածով։
support-iban = IBAN
support-holder = Հաշվետեր
support-none = Կազմակերպիչները դեռ հաշիվ չեն նշել։
support-follow = Հետևել
support-hashtags = Հեշթեգեր
support-sponsor = Խնդրեք Ձեր քաղաքին հովանավորել
confirm-donate-title = Եվ եթե ցանկանում եք ավելի օգնել
confirm-donate-text = Ձեր ստորագրությունն ամբողջական է և այլ բան չի պահանջում։ Նվիրատվությունն օգնում է ընտանիքներին և արշավին։
confirm-city-link = Ընտրել գերի և փաթեթ Ձեր քաղաքապետի համար

## Cities

cities-title = Քաղաքներ․ քանի բնակիչ է խնդրում
cities-lead = Քանի հաստատված ստորագրություն է այս քաղաքը նշում որպես բնակության վայր։ Փոքր թվերը ցույց չեն տրվում։
cities-none = Դեռ ոչ մի քաղաք ցույց տալու չափ ստորագրություն չունի։
cities-other = { $n ->
    [one] { $n } ստորագրություն այլ վայրերից
   *[other] { $n } ստորագրություն այլ վայրերից
  }
city-count = { $n ->
    [one] { $city }՝ { $count } մարդ խնդրում է ավագանուն հովանավորել գերիներից մեկին։
   *[other] { $city }՝ { $count } մարդ խնդրում է ավագանուն հովանավորել գերիներից մեկին։
  }
city-count-case = { $n ->
    [one] { $city }՝ { $count } մարդ խնդրում է ավագանուն հովանավորել { $name }-ին։
   *[other] { $city }՝ { $count } մարդ խնդրում է ավագանուն հովանավորել { $name }-ին։
  }
city-asserted = Վայրն այն է, ինչ գրել է յուրաքանչյուր ստորագրող․ այն ստուգված չէ։ Հաշվված է մինչև { $when }՝ ներառյալ․ հետագա հետվերցնումները հանված չեն։
city-checkpoint = Հանրագիրն ունի { $count } հաստատված ստորագրություն { $size } ստուգակետի ներքո, որը կարող է ստուգել յուրաքանչյուրը։
city-extract = Քաղվածք քաղաքապետի համար (PDF)
city-too-few = Առայժմ { $n }-ից քիչ ստորագրություն․ թիվը ցույց կտրվի ավելի ուշ։
