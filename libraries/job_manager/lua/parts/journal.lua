-- Append a status change of a job to the journal, enter it into the index of jobs, and wake a waiting process.
-- `seconds` is the duration of the ended attempt, `data` is JSON, `record` is that of the job if the caller knows it; each may be nil. The
-- end of a job releases its slots and its unique key.
-- Only webhooks and notifications wait for the beginning of a job; other subscribers find these entries within a second.
--@ fair_queue/push
--@ having
local QUIET, RELEASES = {queued = 1, started = 1}, {finished = 1, failed = 1, stopped = 1, canceled = 1, deleted = 1}
local STATE_BYTES = {queued = 'q', created = 'q', rate_limited = 'q', started = 's', finished = 'f', failed = 'x', stopped = 'p',
  canceled = 'c', deferred = 'd', ready_to_enqueue = 'd', scheduled = 'w'}

-- The index has one byte per job, in a string for 8,192 jobs; see `job_index/lua/parts/entries.lua`.
local function enter_state(owner, number, state)
  number = tonumber(number)
  if not number then return end
  local offset = number % 8192
  redis.pcall('SETRANGE', string.format('vector:index:states:%.0f:%s', (number - offset) / 8192, owner), offset, state)
end

-- Return what `append` needs of the record of a job, nil if it is not a hash.
local function record_of(id)
  local names, record = {'owner', 'description', 'number', 'slots', 'owner_running', 'unique', 'status', unpack(HAVING)}, {}
  local known = redis.pcall('HMGET', 'rq:job:' .. id, unpack(names))
  if known.err then return nil end
  for n, name in ipairs(names) do record[name] = known[n] or nil end
  return record
end

local function append(id, event, seconds, data, record)
  record = record or record_of(id) or {}
  if record.number and event ~= 'progress' and event ~= 'notification' then
    enter_state(record.owner or '', record.number, event == 'deleted' and '\0' or STATE_BYTES[record.status] or 'u')
  end
  local entry = {'job_id', id, 'event', event, 'owner', record.owner or '', 'task', string.sub(record.description or '', 1, 128)}
  if seconds then
    entry[#entry + 1] = 'seconds'
    entry[#entry + 1] = string.format('%.6f', math.max(seconds, 0))
  end
  if data then
    entry[#entry + 1] = 'data'
    entry[#entry + 1] = data
  end
  if event ~= 'deleted' and event ~= 'notification' then
    local has = ','
    for _, name in ipairs(HAVING) do
      if record[name] and record[name] ~= '' then has = has .. name .. ',' end
    end
    entry[#entry + 1], entry[#entry + 2] = 'has', has
  end
  if RELEASES[event] then
    if record.slots or record.owner_running then fair_queue().release(id, record) end
    if record.unique and redis.pcall('GET', record.unique) == id then redis.call('DEL', record.unique) end
  end
  redis.call('XADD', 'vector:journal', 'MAXLEN', '~', 100000, '*', unpack(entry))
  if QUIET[event] and not record.webhook_events and not record.notify then return end
  if redis.call('EXISTS', 'vector:journal:wake') == 0 then redis.call('LPUSH', 'vector:journal:wake', '1') end
end
