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
