-- Return a running job to the front of the queue; it keeps its retries.
-- KEYS: 1 queue, 2 started jobs, 3 worker's executions
-- ARGV: 1 job id, 2 execution id
-- Returns 0 if the attempt was superseded.
--@ publish
--@ journal
local member = ARGV[1] .. ':' .. ARGV[2]
if redis.call('ZREM', KEYS[2], member) == 0 then return 0 end
redis.call('DEL', 'rq:execution:' .. member, 'rq:executions:' .. ARGV[1])
redis.call('SREM', KEYS[3], member)
redis.pcall('HSET', 'rq:job:' .. ARGV[1], 'status', 'queued')
redis.call('LPUSH', KEYS[1], ARGV[1])
publish_status(ARGV[1], 'queued')
append(ARGV[1], 'requeued')
return 1
