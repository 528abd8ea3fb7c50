# Հանրագիրը ուրիշների կայքերում․ տարրը, քարտը, նշանը, կիսվելու նկարը։

widget-sign = Ստորագրել
widget-close = Փակել ձևաթուղթը
widget-frame = Ստորագրել՝ { $title }
widget-failed = Ձևաթուղթը հնարավոր չէ ցույց տալ այս էջում։
widget-failed-link = Ստորագրել մեր էջում
widget-goal = { $goal }-ի { $percent }-ը
widget-signatures = { $n ->
    [one] ստորագրություն
   *[other] ստորագրություն
}
widget-sponsors = Նրանք կանգնած են գերիների կողքին
widget-no-sponsors = Դեռ ոչ ոք։ Գուցե Ձեր քաղաքը կամ միությունը լինի առաջինը։
widget-sponsor-more = Դառնալ հովանավոր
share-milestone = մարդ արդեն ստորագրել է
share-call = Ստորագրեք հանրագիրը
widget-held = { $n ->
    [one] Հայտնի է, որ { $n } գերի դեռ պահվում է (դրությունը՝ { $when })։
   *[other] Հայտնի է, որ { $n } գերի դեռ պահվում է (դրությունը՝ { $when })։
}
widget-stand = { $n ->
    [0] Նրանց կողքին է { $first }։
    [one] Նրանց կողքին են { $first } և ևս մեկը։
   *[other] Նրանց կողքին են { $first } և ևս { $n }-ը։
}
widget-case-held = Պահվում է (սկիզբ՝ { $since }), դեռ սպասում ենք (դրությունը՝ { $when })։
widget-case-missing = Բռնի անհետացած (սկիզբ՝ { $since }), լուր չկա (դրությունը՝ { $when })։
widget-case-released = Ազատ է արձակվել՝ { $when }։
widget-case-died = Մահացել է՝ { $when }։

## Կառուցողը

builder-title = Ցույց տվեք հանրագիրը Ձեր կայքում
builder-lead = HTML-ի մեկ տող։ Այն քուքի չի դնում, միայն այս կայքին է դիմում և ոչ մեկին չի ասում, թե ով է կարդում։
builder-choose = Ի՞նչ պիտի ցույց տա
builder-petition = Հանրագիր
builder-variant = Ձև
builder-variant-card = Քարտ՝ վերնագիր, թիվ, առաջընթաց, ստորագրելու կոճակ
builder-variant-bar = Շերտ՝ նույնը մեկ շարքով
builder-variant-button = Միայն կոճակը
builder-variant-counter = Միայն թիվը
builder-variant-sponsors = Գերիների կողքին կանգնածները
builder-variant-case = Մեկ գերի
builder-case = Գերի
builder-language-page = Ձեր էջի լեզուն
builder-theme = Բաց կամ մուգ
builder-theme-auto = Ինչպես ընթերցողն է ընտրել
builder-theme-light = Բաց
builder-theme-dark = Մուգ
builder-accent = Կոճակի գույնը
builder-accent-hint = Պարտադիր չէ, օրինակ՝ #8c1c2b։ Վրայի տառերն ինքնաբերաբար դառնում են սև կամ սպիտակ։
builder-partner = Ձեր գործընկերային անունը
builder-partner-hint = Պարտադիր չէ։ Այդ դեպքում Ձեր էջերից եկած ստորագրությունները հաշվվում են Ձեզ համար՝ որպես գումար։
builder-show = Ցույց տալ
builder-preview = Նախադիտում
builder-copy = Պատճենեք տողը
builder-line = Տողը
builder-line-hint = Տեղադրեք այնտեղ, որտեղ պիտի երևա։ Առանց սկրիպտի մնում է հղումը։
builder-others = Այլ եղանակներ
builder-pinned = Անփոփոխ տարբերակով
builder-pinned-hint = Այն կայքերի համար, որոնք ստուգում են ամեն սկրիպտ (SRI)։ Երբ տարրը փոխվի, նորը կստանաք միայն նոր տողով։
builder-frame = Շրջանակ՝ առանց սկրիպտի
builder-frame-hint = Ինքը՝ ձևաթուղթը։ Այն կարող են ցույց տալ միայն մեր ցուցակի կայքերը։
builder-address = WordPress՝ միայն հասցեն
builder-address-hint = Տեղադրեք առանձին տողով, և այն քարտ կդառնա։
builder-badge = Նշան լրագրերի և նամակի ստորագրության համար
builder-badge-hint = Նկար՝ թվով և հղումով։
builder-listed = Ձևաթուղթը երևում է մեր ցուցակի կայքերում, մյուսներում հղումը բերում է այստեղ։ Ցուցակում լինելու համար գրեք մեզ՝

## Գործընկերոջ թվերը

partners-title = Թվեր գործընկերների համար
partners-lead = Քանի հոգի է ստորագրել Ձեր էջերի միջոցով։ Թե ով՝ ոչ ոք չի իմանում։
partners-key = Ձեր բանալին
partners-key-hint = Սկսվում է lp_-ով։ Մենք միայն դրա հետքն ենք պահում․ եթե կորել է, խնդրեք նորը։
partners-show = Ցույց տալ թվերը
partners-before = Մինչև { $when }, այդ օրը չհաշված։
partners-day = Օր
partners-number = Ստորագրություններ
partners-none = Դեռ ցույց տալու բան չկա․ թվերը երևում են մեկ օր ուշ և տասնյակներով։
partners-tens = Տասնյակներով․ օրվա մնացորդը հաշվվում է հաջորդի հետ։
fault-key-unknown = Այս բանալին չի գործում։ Պատճենեք ևս մեկ անգամ կամ խնդրեք նորը։
fault-key-quota = Այս բանալին մեկ ժամում չափազանց հաճախ է օգտագործվել։ Վերադարձեք ավելի ուշ։

## At the desk

desk-nav-partners = Գործընկերներ
desk-partners-hint = Կազմակերպություններ, որոնց կայքերում երևում է հանրագիրը։ Թիվը կարող է ցույց տալ ամեն ոք, ձևաթուղթը՝ միայն ցուցակի կայքերը։
desk-partner-add = Ավելացնել գործընկեր
desk-partner-name = Անուն
desk-partner-name-hint = Ինչպես գրված է նորությունների վանդակի կողքին։
desk-partner-slug = Կարճ անուն
desk-partner-slug-hint = a–z տառեր, թվանշաններ և -, օրինակ՝ hyestart։ Այն գործընկերոջ պատճենած տողում է և չի փոխվում։
desk-partner-ended = Ավարտված
desk-partner-webhooks = Նրա համակարգին ուղղված հաղորդումներ՝ { $waiting } սպասող, { $failed } չհասած
desk-partner-sites = Կայքեր և հանրագրեր
desk-partner-sites-label = Կայքեր, որոնք կարող են ցույց տալ ձևաթուղթը
desk-partner-sites-hint = Ամեն տողում մեկը, ինչպես հասցեի տողում՝ https://www.example.org
desk-partner-quota = Հարցումներ մեկ ժամում
desk-partner-keys = Բանալիներ
desk-partner-key-hint = Բանալիով գործընկերը կարդում է իր թվերը և վերցնում իր ցուցակը։ Նախորդ բանալիները գործում են ևս յոթ օր։
desk-partner-key-new = Ստեղծել նոր բանալի
desk-partner-key-once = Նոր բանալին։ Այն երևում է միայն հիմա․ փոխանցեք ապահով ճանապարհով։
desk-partner-news = Նրա նորությունների ցուցակը
desk-partner-news-sealed = Կնքված է գործընկերոջ բանալիով․ համեմատեք մատնահետքը հեռախոսով՝
desk-partner-news-none = Ցուցակ չկա․ վանդակը չի երևում, քանի որ «այո»-ն ապահով տեղ չէր ունենա։
desk-partner-public = Բաց բանալի
desk-partner-public-hint = Նրա .pub ֆայլի տողը։ Եթե դատարկ է, ցուցակը փակվում է։
desk-partner-sentence = Նրա սեփական նախադասությունը վանդակի կողքին ({ $language })
desk-partner-end = Ավարտել գործընկերությունը
desk-partner-end-hint = Նրա կայքերը, բանալիները և վեբհուքը դադարում են անմիջապես։ Ստորագրությունները շարունակում են հաշվվել։
desk-fault-partner-slug = Կարճ անունն ունի 1–63 նիշ՝ a–z, 0–9 և -։
desk-fault-partner-name = Անունն ունի 1–100 տառ։
desk-fault-partner-taken = Այս կարճ անունով գործընկեր արդեն կա։
desk-fault-partner-site = Կայքը https:// է և անուն, առանց էջի, օրինակ՝ https://www.example.org։
desk-fault-partner-quota = Հարցումների թիվը 1-ից 1 000 000 է։
desk-fault-partner-consent = Նախադասությունն ունի առավելագույնը 300 տառ։
desk-fault-partner-public = Սա բաց բանալի չէ․ մեկ տող, որը սկսվում է libertas-sealing/v1-ով։
