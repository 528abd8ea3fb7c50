# Ինչ են անում հասցեատերերը ստորագրությունների հետ, և ինչ եղավ հանձնումից հետո։
recipient-colon = ՝
steps-title = Ինչ է տեղի ունեցել
step-delivered = Հանձնվել է՝ { $office }
step-received = { $office } հաստատել է հանրագրի ստացումը։
step-referred = { $office } փոխանցել է այն։
step-heard = { $office } լսել է հանրագրի հեղինակներին։
step-voted = { $office } քվեարկել է։
step-answered = { $office } պատասխանել է։
step-decided = { $office } որոշում է կայացրել։
step-noted = { $office }
step-how-by-hand = (անձամբ)
step-how-post = (փոստով)
step-how-mail = (էլեկտրոնային նամակով)
step-how-portal = (իր սեփական կայքում)
step-how-hearing = (լսումների ժամանակ)
step-holder = Պաշտոնը զբաղեցնում է { $name }։
step-votes = { $yes } կողմ, { $no } դեմ, { $abstained } ձեռնպահ։
step-outcome-adopted = Ընդունվել է։
step-outcome-rejected = Մերժվել է։
step-outcome-noted = Ի գիտություն է ընդունվել։
step-outcome-promised = Խոստում է տրվել։
step-reference = Համար՝ { $reference }։
step-source = Աղբյուր
step-certificate = Վկայականը
step-file = Փաստաթուղթը

# How many signed which text.
text-version-count = { $version } տարբերակ՝ { $n ->
    [one] { $count } ստորագրություն
   *[other] { $count } ստորագրություն
  }
