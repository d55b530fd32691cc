-- Take a job off the queue before a worker does; both take it from the same list, so only one of them gets it.
-- KEYS: 1 queue, 2 canceled jobs   ARGV: 1 job id, 2 time now (ISO 8601), 3 lifetime in seconds
-- Returns 1 when the job is canceled now.
local job = 'rq:job:' .. ARGV[1]
if redis.call('HGET', job, 'status') == 'canceled' then return 1 end
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call('HSET', job, 'status', 'canceled', 'ended_at', ARGV[2])
redis.call('EXPIRE', job, ARGV[3])
redis.call('ZADD', KEYS[2], redis.call('TIME')[1] + ARGV[3], ARGV[1])
return 1
