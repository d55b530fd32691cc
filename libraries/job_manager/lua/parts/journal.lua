-- Append a status change of a job to the journal and wake a waiting process.
-- `seconds` is the duration of the ended attempt, `data` is JSON; both may be nil.
local function append(id, event, seconds, data)
  local known = redis.pcall('HMGET', 'rq:job:' .. id, 'owner', 'description')
  if known.err then known = {} end  -- not a hash
  local entry = {'job_id', id, 'event', event, 'owner', known[1] or '', 'task', string.sub(known[2] or '', 1, 128)}
  if seconds then
    entry[#entry + 1] = 'seconds'
    entry[#entry + 1] = string.format('%.6f', math.max(seconds, 0))
  end
  if data then
    entry[#entry + 1] = 'data'
    entry[#entry + 1] = data
  end
  redis.call('XADD', 'vector:journal', 'MAXLEN', '~', 100000, '*', unpack(entry))
  if redis.call('EXISTS', 'vector:journal:wake') == 0 then redis.call('LPUSH', 'vector:journal:wake', '1') end
end
