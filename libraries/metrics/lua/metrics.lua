-- Return the state of the queue and the totals. Read-only.
-- KEYS: 1 queue, 2 started jobs, 3 scheduled jobs, 4 deferred jobs, 5 failed jobs, 6 suspension flag, 7 workers, 8 totals, 9 journal,
--       10 number of damaged records
-- Returns {waiting, running, scheduled, deferred, failed, paused, workers, busy workers, time now (Unix seconds), time at which
-- the first job in the queue was queued (ISO 8601) or '', bytes used by the broker or '', its limit in bytes or '', {fields of the
-- totals}, damaged records, {subscribers of the journal and their lags}}.
--@ lags
local workers, busy = 0, 0
for _, key in ipairs(redis.call('SMEMBERS', KEYS[7])) do
  local known = redis.call('HMGET', key, 'birth', 'death', 'state')
  if known[1] and not known[2] then
    workers = workers + 1
    if known[3] == 'busy' then busy = busy + 1 end
  end
end
local front = redis.call('LINDEX', KEYS[1], 0)
local since = front and redis.pcall('HGET', 'rq:job:' .. front, 'enqueued_at')
if type(since) ~= 'string' then since = '' end
-- A managed broker may not permit INFO.
local info = redis.pcall('INFO', 'memory')
if type(info) ~= 'string' then info = '' end
return {
  redis.call('LLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4]),
  redis.call('ZCARD', KEYS[5]), redis.call('EXISTS', KEYS[6]), workers, busy, redis.call('TIME')[1], since,
  string.match(info, 'used_memory:(%d+)') or '', string.match(info, 'maxmemory:(%d+)') or '', redis.call('HGETALL', KEYS[8]),
  tonumber(redis.call('GET', KEYS[10]) or 0) or 0, lags_of(KEYS[9]),
}
