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
    [one] Հայտնի է, որ { $n } գերի դեռ պահվում է ({ $when }-ի դրությամբ)։
   *[other] Հայտնի է, որ { $n } գերի դեռ պահվում է ({ $when }-ի դրությամբ)։
}
widget-stand = { $n ->
    [0] Նրանց կողքին է { $first }։
    [one] Նրանց կողքին են { $first } և ևս մեկը։
   *[other] Նրանց կողքին են { $first } և ևս { $n }-ը։
}
widget-case-held = Պահվում է (սկիզբ՝ { $since }), { $when }-ի դրությամբ դեռ սպասում ենք։
widget-case-released = Ազատ է արձակվել՝ { $when }։
widget-case-died = Մահացել է՝ { $when }։
