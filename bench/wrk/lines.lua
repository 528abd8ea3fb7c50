-- Requests from the file LINES, one a line, tab-separated: path, Idempotency-Key, X-Forwarded-For, body. A file that is
-- used up begins anew when AGAIN is set, and otherwise ends the thread.
local file = io.open(os.getenv("LINES"))
local again = os.getenv("AGAIN")
local fixed = os.getenv("PATH_")
local kind = os.getenv("KIND") or "application/json"
function request()
  local line = file:read("*l")
  if not line then
    if again then file:seek("set", 0) line = file:read("*l") else wrk.thread:stop() return wrk.format("GET", "/healthz") end
  end
  local path, key, from, body = line:match("([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)")
  return wrk.format("POST", fixed or path, {
    ["Content-Type"] = kind, ["Idempotency-Key"] = key, ["X-Forwarded-For"] = from,
  }, body)
end
dofile(os.getenv("BENCH_WRK") .. "/report.lua")
