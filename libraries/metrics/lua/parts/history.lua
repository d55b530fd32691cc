-- Count the ends of attempts by time, so that charts and tables read a few hashes instead of the records of jobs.
--   vector:history:minutes:<hour>:<owner>   '<minute> <task> <event>' -> number, '<minute> <task> ms' -> sum of durations; for an hour
--   vector:history:quarters:<day>:<owner>   the same by quarter of an hour of the day; for a day
--   vector:history:hours:<day>:<owner>      the same by hour of the day; for a week
--   vector:history:causes:<day>:<owner>     '<task>\n<code>\n<cause>' -> '<number> <time in ms> <job id>'; for a week
--   vector:history:owners:<day>             '<hour> <owner> <event>' -> number; for a week
-- Hours and days count from 1970 in UTC. The owner '*' stands for all.
local DAY_S = 86400
local MAX_CAUSES = 200

-- Return what a failure has in common with others: its text without numbers, names and ids.
local function cause_of(text)
  text = string.gsub(text, '\n.*', '')
  text = string.gsub(text, "'[^']*'", "'…'")
  text = string.gsub(text, '"[^"]*"', '"…"')
  text = string.gsub(text, '%f[%w]%w*%d%w*', '#')
  text = string.gsub(text, '#[%s.,:#]*#', '#')
  if #text > 160 then
    -- A character at the cut may not be complete.
    text = string.gsub(string.sub(text, 1, 160), '[\128-\255]+$', '')
  end
  return text
end

local function note_cause(day, owner, task, job_id, ms)
  local failure = redis.pcall('HGET', 'rq:job:' .. job_id, 'failure')
  local is_read, found = pcall(cjson.decode, type(failure) == 'string' and failure or '{}')
  if not is_read or type(found) ~= 'table' then found = {} end
  local code = type(found.code) == 'string' and found.code or 'internal-error'
  local cause = type(found.detail) == 'string' and cause_of(found.detail) or ''
  local field = task .. '\n' .. code .. '\n' .. cause
  for _, name in ipairs({owner, '*'}) do
    local key = string.format('vector:history:causes:%.0f:%s', day, name)
    local known = redis.call('HGET', key, field)
    if not known and redis.call('HLEN', key) >= MAX_CAUSES then
      field = task .. '\nother\n'
      known = redis.call('HGET', key, field)
    end
    local number = tonumber(string.match(known or '', '^%d+')) or 0
    redis.call('HSET', key, field, string.format('%.0f %s %s', number + 1, ms, job_id))
    redis.call('EXPIRE', key, 9 * DAY_S)
  end
end

-- `id` is that of the journal entry, `seconds` the duration of the attempt or nil.
local function note_end(id, owner, task, event, seconds, job_id)
  local ms = string.match(id, '^%d+')
  local minute = math.floor(tonumber(ms) / 60000)
  local hour = math.floor(minute / 60)
  local day = math.floor(hour / 24)
  local quarter = math.floor(minute % 1440 / 15)
  local places = {{'minutes', hour, minute % 60, 1}, {'quarters', day, quarter, 3}, {'hours', day, hour % 24, 9}}
  for _, name in ipairs({owner, '*'}) do
    for _, place in ipairs(places) do
      local kind, period, slot, days = unpack(place)
      local key, field = string.format('vector:history:%s:%.0f:%s', kind, period, name), string.format('%.0f %s ', slot, task)
      -- The first entry of a period sets the time at which it is deleted.
      if redis.call('HINCRBY', key, field .. event, 1) == 1 then redis.call('EXPIRE', key, days * DAY_S) end
      if seconds then redis.call('HINCRBY', key, field .. 'ms', string.format('%.0f', seconds * 1000)) end
    end
  end
  local owners = string.format('vector:history:owners:%.0f', day)
  if redis.call('HINCRBY', owners, string.format('%.0f %s %s', hour % 24, owner, event), 1) == 1 then
    redis.call('EXPIRE', owners, 9 * DAY_S)
  end
  if event == 'failed' then note_cause(day, owner, task, job_id, ms) end
end
