# News, its feed, and the way out of it.
updates-title = News
updates-none = There is no news yet.
updates-how = Whoever signs can ask to get news by mail. Without an address:
updates-feed = the feed for news readers
updates-petition = To the petition
updates-case = To the prisoner’s page
unsubscribe-ask-title = No more news?
unsubscribe-ask-text = One press, and we send you no further news. Your signature stays as it is.
unsubscribe-button = No more news
unsubscribe-done-title = You get no further news
unsubscribe-done-text = Your address is no longer on the list. Your signature stays as it is.
unsubscribe-unknown-title = This link does not work
unsubscribe-unknown-text = Perhaps the mail program cut it. Please open it again from the newest mail; each of our mails has one.
manage-news-title = News
manage-news-text = You get news about this campaign by mail.
manage-news-button = No more news
manage-news-done = You get no further news.
