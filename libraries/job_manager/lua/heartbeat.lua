-- Say that a running job is alive. KEYS: 1 started jobs
-- ARGV: 1 job id, 2 execution id, 3 time now (ISO 8601), 4 time now (Unix seconds), 5 seconds until it is missed
-- Returns 0 when the job belongs to another attempt by now.
local member = ARGV[1] .. ':' .. ARGV[2]
if not redis.call('ZSCORE', KEYS[1], member) then return 0 end
-- First of all a command that is allowed when memory is short: once a script has written, the others are allowed too, and a
-- heartbeat must come through then, or jobs that run would be taken for lost.
redis.call('HDEL', 'rq:execution:' .. member, 'leased')
local missed_at = redis.call('TIME')[1] + ARGV[5]
redis.call('ZADD', KEYS[1], missed_at, member)
redis.call('ZADD', 'rq:executions:' .. ARGV[1], missed_at, ARGV[2])
redis.call('EXPIRE', 'rq:executions:' .. ARGV[1], 3600)
redis.call('HSET', 'rq:execution:' .. member, 'last_heartbeat', ARGV[4])
redis.call('EXPIRE', 'rq:execution:' .. member, 3600)
redis.call('HSET', 'rq:job:' .. ARGV[1], 'last_heartbeat', ARGV[3])
return 1
