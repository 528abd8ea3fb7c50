## Աշխատասենյակ. վկայականներ և ցանկեր

desk-tab-certificates = Վկայականներ
desk-said-certifying = Պատրաստվում է։
desk-certifying = { $office }՝ այս հասցեատիրոջ վկայականը պատրաստվում է. մի պահ կտևի, և էջն ինքը ցույց կտա այն։
desk-certify = Տալ վկայական
desk-certify-text = Այն նշում է այս պահի թիվը՝ ստուգելու համար անհրաժեշտ ամեն ինչով։ Տրված վկայականը հավերժ մնում է հանրային մատյանում. հաջորդը փոխարինում է նրան։
desk-certify-office = Որ պաշտոնի համար
desk-certify-other = Մեկ այլ՝ ստորև գրված բառերով
desk-certify-words = Կամ Ձեր բառերով
desk-certify-words-hint = Ինչպես պետք է գրված լինի վկայականում։ Միայն եթե պաշտոնը ցանկում չկա։
desk-certify-holder = Ով է այսօր այդ պաշտոնում
desk-certify-holder-hint = Թողեք դատարկ, և կնշվի այդ պաշտոնի համար գրանցված անձը։
desk-certify-button = Տալ
desk-certify-not-found = Մատյանում դեռ ոչինչ կնքված չէ։ Կրկին փորձեք առաջին հաստատված ստորագրություններից հետո՝ մոտ մեկ ժամից։
desk-certify-no-key = Սերվերը չգիտի վկայականների բանալին։ Խնդրեք օպերատորին սահմանել LIBERTAS_CERTIFICATE_KEY, ապա կրկին փորձեք։
desk-certify-busy = Մատյանը կամ ժամանակի կնիքի ծառայությունը ժամանակին չպատասխանեց։ Խնդրում ենք կրկին փորձել։
desk-certify-failed = Չհաջողվեց պատրաստել ({ $why })։ Ոչինչ չի տրվել. կրկին փորձեք կամ հարցրեք օպերատորին։
desk-certificate-deliver = Հանձնել այն. դեպի հանձնումներ
desk-unsigned-text = Ամեն ինչ պատրաստ է, բացի Ձեր ստորագրությունից. դրա բանալին Ձեր սեփական սարքում է, ոչ թե սերվերում։
desk-unsigned-fetch = Վերցնել ստորագրելու համար
desk-unsigned-sign = Այդ սարքում, երբ բանալին ձեռքի տակ է.
desk-unsigned-take-in = Պանակը հետ տարեք սերվեր, որտեղ օպերատորը կընդունի այն։ Այնուհետև այն կարելի կլինի ներբեռնել այստեղ.
desk-fault-certificate-for = Ընտրեք պաշտոն կամ գրեք, թե ում համար է։
desk-tab-exports = Ցանկեր
desk-act-export = Անուններով ցանկ
desk-fact-shape = Տեսակ
desk-fact-format = Ձևաչափ
desk-fact-recipient = Ում համար
desk-fact-fields = Դաշտեր
desk-refused-names-never = Այս հաստատությունն անուններ չի պահանջում և չի ստանում։ Վկայականը բավական է։
desk-refused-not-sealed-yet = Մատյանում դեռ ոչինչ կնքված չէ։ Կրկին փորձեք առաջին հաստատված ստորագրություններից հետո՝ մոտ մեկ ժամից։
desk-refused-keys-needed = Չկա անցանց բանալի, որով կնքվեին անունները։ Խնդրեք օպերատորին ավելացնել, ապա կրկին փորձեք։
desk-refused-approval-needed = Անուններով ցանկի համար երկու հոգի է պետք։
desk-export-open = Բաց թվեր
desk-export-open-text = Որքան՝ ըստ օրերի, երկրների և լեզուների, առանց անունների։ Բոլորը կարող են կարդալ։
desk-export-open-button = Ներբեռնել
desk-export-format = Ձևաչափ
desk-export-names = Անուններով ցանկ
desk-export-names-text = Երկու հոգի պետք է ցանկանան այն։ Անունները կնքված են. միայն անցանց բանալին է բացում դրանք՝ Ձեր սեփական սարքում։ Կարելի է ներբեռնել մեկ անգամ։
desk-export-shape = Տեսակ
desk-export-recipient = Հաստատության համար՝ նրանք, ովքեր համաձայնել են փոխանցվել
desk-export-working = Մեր աշխատանքի համար՝ բոլոր հաշվվածները
desk-export-office = Որ պաշտոնի համար
desk-export-propose = Առաջարկել
desk-export-take = Ձեր ցանկը հաստատված է
desk-export-take-text = Կարելի է ներբեռնել մեկ անգամ։ Եթե ներբեռնումն ընդհատվի, կրկին առաջարկեք։
desk-export-take-button = Ներբեռնել հիմա
desk-export-open-with = Բացեք արխիվը անցանց բանալի ունեցող սարքում և այնտեղ բացեք ցանկը.
desk-export-earlier = Մինչ այժմ եղած ցանկերը
desk-export-none = Դեռ չկա։
desk-export-rows = { $n ->
    [one] { $n } տող
   *[other] { $n } տող
}
desk-export-cut-short = ընդհատված. համարեք, որ բոլորն այնտեղ են
desk-export-left = { $n ->
    [one] Մեկ հոգի այդ օրից հեռացել է։ Հանեք այս տողը ֆայլից, ուր էլ որ այն հասած լինի.
   *[other] { $n } հոգի այդ օրից հեռացել են։ Հանեք այս տողերը ֆայլից, ուր էլ որ այն հասած լինի.
}
desk-export-removed = Նրանք հանված են
