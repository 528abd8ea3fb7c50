# The public log, where pages speak of it.

repaired-note = On { $day } this log was repaired from its published copy after a backup had been restored. Nobody counts twice. If you confirmed shortly before, please press the link in our message once more.
repaired-link = What happened, in figures
