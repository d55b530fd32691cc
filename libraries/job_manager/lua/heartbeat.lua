-- Extend the lease of a running job.
-- KEYS: 1 started jobs
-- ARGV: 1 job id, 2 execution id, 3 time now (ISO 8601), 4 time now (Unix seconds), 5 lease in seconds
-- Returns 0 if the attempt was superseded.
local member = ARGV[1] .. ':' .. ARGV[2]
if not redis.call('ZSCORE', KEYS[1], member) then return 0 end
-- HDEL comes first, because it is permitted without free memory: after a first write, a script may run all commands. Without
-- heartbeats, running jobs would be considered lost.
redis.call('HDEL', 'rq:execution:' .. member, 'leased')
local lease_ends_at = redis.call('TIME')[1] + ARGV[5]
redis.call('ZADD', KEYS[1], lease_ends_at, member)
redis.call('ZADD', 'rq:executions:' .. ARGV[1], lease_ends_at, ARGV[2])
redis.call('EXPIRE', 'rq:executions:' .. ARGV[1], 3600)
redis.call('HSET', 'rq:execution:' .. member, 'last_heartbeat', ARGV[4])
redis.call('EXPIRE', 'rq:execution:' .. member, 3600)
redis.pcall('HSET', 'rq:job:' .. ARGV[1], 'last_heartbeat', ARGV[3])
return 1
