-- Append a status change of a job to the journal and wake a waiting process.
-- `seconds` is the duration of the ended attempt, `data` is JSON; both may be nil. The end of a job releases its slot and its unique key.
--@ fair_queue/push
local RELEASES = {finished = 1, failed = 1, stopped = 1, canceled = 1, deleted = 1}

local function append(id, event, seconds, data)
  local known = redis.pcall('HMGET', 'rq:job:' .. id, 'owner', 'description', 'slots', 'unique')
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
  if RELEASES[event] and known[3] then fair_queue().release(known[3], id) end
  if RELEASES[event] and known[4] and redis.pcall('GET', known[4]) == id then redis.call('DEL', known[4]) end
  redis.call('XADD', 'vector:journal', 'MAXLEN', '~', 100000, '*', unpack(entry))
  if redis.call('EXISTS', 'vector:journal:wake') == 0 then redis.call('LPUSH', 'vector:journal:wake', '1') end
end
