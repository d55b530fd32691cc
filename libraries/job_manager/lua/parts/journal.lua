-- Append a status change of a job to the journal, enter it into the index of jobs, and wake a waiting process.
-- `seconds` is the duration of the ended attempt, `data` is JSON; both may be nil. The end of a job releases its slot and its unique key.
--@ fair_queue/push
local RELEASES = {finished = 1, failed = 1, stopped = 1, canceled = 1, deleted = 1}
local STATE_BYTES = {queued = 'q', created = 'q', rate_limited = 'q', started = 's', finished = 'f', failed = 'x', stopped = 'p',
  canceled = 'c', deferred = 'd', ready_to_enqueue = 'd', scheduled = 'w'}

-- The index has one byte per job, in a string for 8,192 jobs; see `job_index/lua/parts/entries.lua`.
local function enter_state(owner, number, state)
  number = tonumber(number)
  if not number then return end
  local offset = number % 8192
  redis.pcall('SETRANGE', string.format('vector:index:states:%.0f:%s', (number - offset) / 8192, owner), offset, state)
end

local function append(id, event, seconds, data)
  local known = redis.pcall('HMGET', 'rq:job:' .. id, 'owner', 'description', 'status', 'number', 'slots', 'unique')
  if known.err then known = {} end  -- not a hash
  if known[4] and event ~= 'progress' and event ~= 'notification' then
    enter_state(known[1] or '', known[4], event == 'deleted' and '\0' or STATE_BYTES[known[3]] or 'u')
  end
  local entry = {'job_id', id, 'event', event, 'owner', known[1] or '', 'task', string.sub(known[2] or '', 1, 128)}
  if seconds then
    entry[#entry + 1] = 'seconds'
    entry[#entry + 1] = string.format('%.6f', math.max(seconds, 0))
  end
  if data then
    entry[#entry + 1] = 'data'
    entry[#entry + 1] = data
  end
  if RELEASES[event] and known[5] then fair_queue().release(known[5], id) end
  if RELEASES[event] and known[6] and redis.pcall('GET', known[6]) == id then redis.call('DEL', known[6]) end
  redis.call('XADD', 'vector:journal', 'MAXLEN', '~', 100000, '*', unpack(entry))
  if redis.call('EXISTS', 'vector:journal:wake') == 0 then redis.call('LPUSH', 'vector:journal:wake', '1') end
end
