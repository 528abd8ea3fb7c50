-- GETs of one address; ETAG is sent as If-None-Match.
local headers = {}
if os.getenv("ETAG") then headers["If-None-Match"] = os.getenv("ETAG") end
local fixed = wrk.format("GET", nil, headers)
function request() return fixed end
dofile(os.getenv("BENCH_WRK") .. "/report.lua")
