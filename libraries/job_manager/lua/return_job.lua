-- Return a running job to the front of the queue; it keeps its retries. If its worker does not know its task, the job is scheduled.
-- KEYS: 1 queue, 2 started jobs, 3 worker's executions, 4 scheduled jobs
-- ARGV: 1 job id, 2 execution id, 3 maximum of seconds since a worker first did not know the task, '' if the worker knows it
-- Returns 0 if that time is over; then nothing changes. Ignores a superseded attempt.
--@ publish
--@ journal
local id, job, member = ARGV[1], 'rq:job:' .. ARGV[1], ARGV[1] .. ':' .. ARGV[2]
if not redis.call('ZSCORE', KEYS[2], member) then return 1 end
local now, waited = redis.call('TIME'), nil
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
if ARGV[3] ~= '' then
  redis.call('HSETNX', job, 'unknown_since', string.format('%.3f', now))
  waited = now - (tonumber(redis.call('HGET', job, 'unknown_since')) or now)
  if waited >= tonumber(ARGV[3]) then return 0 end
end
redis.call('ZREM', KEYS[2], member)
if redis.call('DEL', 'rq:execution:' .. member, 'rq:executions:' .. id) > 0 then redis.call('SREM', KEYS[3], member) end
local status = waited and 'scheduled' or 'queued'
redis.pcall('HSET', job, 'status', status)
if waited then
  -- The delays double: 1, 1, 2, 4 seconds, up to half a minute.
  redis.call('HDEL', job, 'started_at')
  redis.call('ZADD', KEYS[4], now + math.max(1, math.min(waited, 30)), id)
  fair_queue().pause(id)
else
  redis.call('LPUSH', KEYS[1], id)
end
publish_status(id, status)
append(id, 'requeued', nil, '{"status":"' .. status .. '"}')
return 1
