-- Queue a failed, stopped or canceled job again.
-- KEYS: 1 queue, 2 failed jobs, 3 canceled jobs, 4 ended jobs to delete, 5 scheduled jobs
-- ARGV: 1 job id, 2 time now (ISO 8601), 3 number of retries, 4 maximum of waiting jobs
-- Returns 1 if queued, 0 if the state does not permit it, -1 if the queue is full.
--@ publish
--@ journal
--@ damage
--@ job_index/entries
local job = 'rq:job:' .. ARGV[1]
local status = status_of(ARGV[1])
if status ~= 'failed' and status ~= 'stopped' and status ~= 'canceled' then return 0 end
if redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', HELD) + redis.call('ZCARD', KEYS[5]) >= tonumber(ARGV[4]) then return -1 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
leave_outcome(ARGV[1])
redis.call('HDEL', job, 'ended_at', 'failure', 'rescues', 'progress', 'unknown_since', 'priority', 'finish')
redis.call('HSET', job, 'status', 'queued', 'enqueued_at', ARGV[2], 'retries_left', ARGV[3])
redis.call('PERSIST', job)
fair_queue().push(ARGV[1])
-- Delete the events of former attempts, including the final one; the ids continue to increase.
if redis.call('EXISTS', 'vector:events:' .. ARGV[1]) == 1 then redis.call('XTRIM', 'vector:events:' .. ARGV[1], 'MAXLEN', 0) end
publish_status(ARGV[1], 'queued')
append(ARGV[1], 'requeued')
return 1
