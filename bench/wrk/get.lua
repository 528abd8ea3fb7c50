-- GETs of one address; ETAG is sent as If-None-Match. Made in init, when wrk knows the Host: nginx answers nobody without one.
local headers = {}
local fixed
if os.getenv("ETAG") then headers["If-None-Match"] = os.getenv("ETAG") end
function init() fixed = wrk.format("GET", nil, headers) end
function request() return fixed end
dofile(os.getenv("BENCH_WRK") .. "/report.lua")
