-- Queue a new job unless the queue is full. Idempotent.
-- KEYS: 1 job, 2 queue, 3 all queues, 4 scheduled jobs
-- ARGV: 1 job id, 2 maximum of waiting jobs, 3 'L' front, 'R' back or the time to run at (Unix seconds), 4 owner, or '' for an unlisted
--       job, 5 entries of the index, separated by newlines, then the fields of the record and their values
-- Returns 1 if queued, 0 if the id exists, -1 if the queue is full.
--@ journal
--@ job_index/entries
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[2]) then return -1 end
-- In a broker without jobs, the index is complete.
if redis.call('SADD', KEYS[3], KEYS[2]) == 1 then redis.call('SETNX', 'vector:index:version', '1') end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
if ARGV[4] ~= '' then enter_job(ARGV[4], ARGV[1], ARGV[5]) end
if ARGV[3] == 'L' then
  redis.call('LPUSH', KEYS[2], ARGV[1])
elseif ARGV[3] == 'R' then
  redis.call('RPUSH', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], 'status', 'scheduled')
  redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
end
append(ARGV[1], 'queued')
return 1
