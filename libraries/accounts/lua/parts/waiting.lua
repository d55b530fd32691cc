-- The waiting jobs of an owner, by the time of submission. Jobs leave the list when it is read, so that it does not matter which
-- program starts or deletes them.
local WAITS = {queued = 1, scheduled = 1, deferred = 1, created = 1, ready_to_enqueue = 1, rate_limited = 1}

-- Return whether a job waits. A job that is being submitted has no record yet.
local function still_waits(id, since, now)
  local status = redis.pcall('HGET', 'rq:job:' .. id, 'status')
  if status == false then return now - since < 10 end
  return type(status) == 'string' and WAITS[status] == 1
end

-- Remove jobs that no longer wait from `found`, as of ZRANGE with scores; return the number of those that do.
local function drop(key, found, now)
  local kept = 0
  for n = 1, #found, 2 do
    if still_waits(found[n], tonumber(found[n + 1]), now) then kept = kept + 1 else redis.call('ZREM', key, found[n]) end
  end
  return kept
end

-- Examine the oldest jobs, which are the first to start: at least `most`, and on while all of a block have started.
local function drop_oldest(key, most, now)
  local examined, kept, size = 0, 0, math.min(most, 100)
  repeat
    local found = redis.call('ZRANGE', key, kept, kept + size - 1, 'WITHSCORES')
    local left = drop(key, found, now)
    examined, kept = examined + #found / 2, kept + left
  until #found < 2 * size or examined >= most and (left > 0 or examined >= 10000)
end
