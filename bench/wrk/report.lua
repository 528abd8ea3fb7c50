-- One line of JSON at the end: rates, quantiles in ms, and how many answers had another status than STATUS.
local want = tonumber(os.getenv("STATUS") or "200")
local also = tonumber(os.getenv("ALSO") or "0")
wrong, busy = 0, 0
local all = {}
function setup(thread) table.insert(all, thread) end
function response(status)
  if status == also then busy = busy + 1 elseif status ~= want then wrong = wrong + 1 end
end
function done(summary, latency)
  local bad, full = 0, 0
  for _, thread in ipairs(all) do
    bad = bad + (thread:get("wrong") or 0)
    full = full + (thread:get("busy") or 0)
  end
  local e = summary.errors
  io.write(string.format(
    '\nJSON {"requests":%d,"seconds":%.3f,"wrong":%d,"busy":%d,"socket":%d,"timeout":%d,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6, bad, full, e.connect + e.read + e.write, e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
