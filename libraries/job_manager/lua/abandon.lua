-- Fail a waiting job that cannot run: its dependency failed, or its record is damaged.
-- KEYS: 1 deferred or ready jobs, 2 failed jobs, 3 ended jobs to delete
-- ARGV: 1 job id, 2 time now (ISO 8601), 3 lifetime in seconds, 4 public error as JSON, 5 traceback (zlib, base64),
--       6 entries of the index for the error, separated by newlines
-- Returns 1, or 0 if the job is not among them.
--@ publish
--@ journal
--@ damage
--@ job_index/entries
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
local job, results = 'rq:job:' .. ARGV[1], 'rq:results:' .. ARGV[1]
make_way(results, 'stream')
make_way(job, 'hash')
local ends_at = redis.call('TIME')[1] + ARGV[3]
redis.call('XADD', results, 'MAXLEN', 10, '*', 'type', 2, 'worker_name', '', 'exc_string', ARGV[5])
redis.call('EXPIRE', results, ARGV[3] + 120)
redis.call('HSET', job, 'status', 'failed', 'ended_at', ARGV[2], 'failure', ARGV[4])
redis.call('EXPIRE', job, ARGV[3] + 120)
redis.call('ZADD', KEYS[2], ends_at, ARGV[1])
redis.call('ZADD', KEYS[3], ends_at, ARGV[1])
enter_outcome(ARGV[1], ARGV[6], true)
publish_end(ARGV[1], 'failed', ARGV[3] + 120)
append(ARGV[1], 'failed')
return 1
