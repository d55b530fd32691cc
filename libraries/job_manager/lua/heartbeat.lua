-- Extend the lease of a running job. The first heartbeat creates the record of the attempt, which RQ's tools show.
-- KEYS: 1 started jobs, 2 worker's executions
-- ARGV: 1 job id, 2 execution id, 3 time now (ISO 8601), 4 time now (Unix seconds), 5 lease in seconds, 6 worker name,
--       7 started (Unix seconds)
-- Returns 0 if the attempt was superseded.
local member = ARGV[1] .. ':' .. ARGV[2]
local execution, executions = 'rq:execution:' .. member, 'rq:executions:' .. ARGV[1]
if not redis.call('ZSCORE', KEYS[1], member) then return 0 end
-- HDEL comes first, because it is permitted without free memory: after a first write, a script may run all commands. Without
-- heartbeats, running jobs would be considered lost. The version before this one wrote the field.
redis.call('HDEL', execution, 'leased')
local lease_ends_at = redis.call('TIME')[1] + ARGV[5]
redis.call('ZADD', KEYS[1], lease_ends_at, member)
redis.call('ZADD', executions, lease_ends_at, ARGV[2])
redis.call('EXPIRE', executions, 3600)
redis.call('HSET', execution, 'id', ARGV[2], 'job_id', ARGV[1], 'created_at', ARGV[7], 'last_heartbeat', ARGV[4],
  'worker_name', ARGV[6])
redis.call('EXPIRE', execution, 3600)
redis.call('SADD', KEYS[2], member)
redis.call('EXPIRE', KEYS[2], 3600)
redis.pcall('HSET', 'rq:job:' .. ARGV[1], 'last_heartbeat', ARGV[3])
return 1
