-- Say how the queue stands and what has become of all jobs so far. Writes nothing.
-- KEYS: 1 queue, 2 started jobs, 3 scheduled jobs, 4 deferred jobs, 5 failed jobs, 6 suspension mark, 7 workers, 8 totals, 9 journal
-- Returns {waiting, running, scheduled, deferred, failed, paused, workers, busy workers, time now (Unix seconds), when the job at the
-- front was queued (ISO 8601) or '', bytes that the broker uses or '', bytes that it may use or '', {fields of the totals},
-- {subscribers of the journal and their lags}}.
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
local since = front and redis.call('HGET', 'rq:job:' .. front, 'enqueued_at') or ''
-- A broker of somebody else's may not tell.
local told = redis.pcall('INFO', 'memory')
if type(told) ~= 'string' then told = '' end
return {
  redis.call('LLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4]),
  redis.call('ZCARD', KEYS[5]), redis.call('EXISTS', KEYS[6]), workers, busy, redis.call('TIME')[1], since,
  string.match(told, 'used_memory:(%d+)') or '', string.match(told, 'maxmemory:(%d+)') or '', redis.call('HGETALL', KEYS[8]),
  lags_of(KEYS[9]),
}
