"""Measures this service beside its own limits, on this machine, in one run: ``libertas bench``.

Figures of two runs, or of two machines, say little beside each other; ratios within one run do. So every case is measured in
turn with the baselines (bare ASGI, Litestar with a checked body, one INSERT for each request, a group commit and nothing
else), round after round, and the table shows medians. Needs nothing outside this repository but Debian's ``wrk``.

    topology   a whole installation as separate processes, as on several hosts
    baseline   the least that a server can do, as routes of its own
    load       wrk, and what it cost in CPU
    material   forms, links and a million signatures, made beforehand
    cases      what is measured
    widgets    what partners' pages ask for, beside nginx
    report     the table, and RESULTS.md
"""
