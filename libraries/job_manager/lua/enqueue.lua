-- Queue a new job unless the queue is full. Idempotent.
-- KEYS: 1 job, 2 queue, 3 all queues, 4 scheduled jobs
-- ARGV: 1 job id, 2 maximum of waiting jobs, 3 time to run at (Unix seconds), or '', 4 owner, or '' for an unlisted job, 5 entries of the
--       index, separated by newlines, 6 key of the id of the only job with a unique key, or '', then the fields of the record and their
--       values
-- Returns 1 if queued, 0 if the id exists, -1 if the queue is full, or the id of the job that has the unique key and has not ended.
--@ journal
--@ damage
--@ job_index/entries
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[6] ~= '' then
  local other = redis.call('GET', ARGV[6])
  local status = other and status_of(other)
  if status and not ENDED[status] then return other end
end
if redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', HELD) + redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[2]) then return -1 end
-- In a broker without jobs, the index is complete.
if redis.call('SADD', KEYS[3], KEYS[2]) == 1 then redis.call('SETNX', 'vector:index:version', '1') end
redis.call('HSET', KEYS[1], unpack(ARGV, 7))
if ARGV[4] ~= '' then enter_job(ARGV[4], ARGV[1], ARGV[5]) end
if ARGV[6] ~= '' then redis.call('SET', ARGV[6], ARGV[1]) end
if ARGV[3] == '' then
  fair_queue().push(ARGV[1])
else
  redis.call('HSET', KEYS[1], 'status', 'scheduled')
  redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
end
append(ARGV[1], 'queued')
return 1
