-- Cancel a job that has not started.
-- KEYS: 1 queue, 2 scheduled jobs, 3 deferred jobs, 4 canceled jobs, 5 ended jobs to delete
-- ARGV: 1 job id, 2 time now (ISO 8601), 3 lifetime in seconds
-- Returns 1 if the job is canceled, 2 if others wait for it.
--@ publish
--@ journal
--@ damage
local job = 'rq:job:' .. ARGV[1]
local status = status_of(ARGV[1])
if status == 'canceled' then return 1 end
local taken = redis.call('LREM', KEYS[1], -1, ARGV[1]) + redis.call('ZREM', HELD, ARGV[1]) + redis.call('ZREM', KEYS[2], ARGV[1]) + redis.call('ZREM', KEYS[3], ARGV[1])
if taken == 0 or not status then return 0 end
redis.call('ZREM', RANKS, ARGV[1])
local ends_at = redis.call('TIME')[1] + ARGV[3]
redis.call('HSET', job, 'status', 'canceled', 'ended_at', ARGV[2])
redis.call('EXPIRE', job, ARGV[3] + 120)
redis.call('ZADD', KEYS[4], ends_at, ARGV[1])
redis.call('ZADD', KEYS[5], ends_at, ARGV[1])
publish_end(ARGV[1], 'canceled', ARGV[3] + 120)
append(ARGV[1], 'canceled')
if redis.call('EXISTS', job .. ':dependents') == 0 then return 1 end
redis.call('SADD', 'vector:waited-for', ARGV[1])  -- until the caller or a reaper releases the dependents
return 2
