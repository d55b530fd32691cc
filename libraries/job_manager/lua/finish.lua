-- Commit the result of a job. Ignores a superseded attempt.
-- KEYS: 1 started jobs, 2 finished jobs, 3 worker, 4 worker's executions, 5 ended jobs to delete, 6 artifacts
-- ARGV: 1 job id, 2 execution id, 3 worker name, 4 ended (ISO 8601), 5 started (Unix seconds), 6 ended (Unix seconds),
--       7 result as base64 of a pickle, or '', 8 lifetime in seconds, 9 note of the files as JSON, or '',
--       10 entries of the index for the result, separated by newlines, 11 meta as JSON, or ''
-- Returns 0 if superseded, 1 if committed, 2 if committed with dependents.
--@ publish
--@ journal
--@ damage
--@ job_index/entries
local id, member = ARGV[1], ARGV[1] .. ':' .. ARGV[2]
local job, results = 'rq:job:' .. id, 'rq:results:' .. id
if redis.call('ZREM', KEYS[1], member) == 0 then
  -- The step was already done if its reply was lost.
  local last = redis.call('XREVRANGE', results, '+', '-', 'COUNT', 1)[1]
  local committed = false
  if last then
    for n = 1, #last[2], 2 do
      if last[2][n] == 'execution_id' then committed = last[2][n + 1] == ARGV[2] end
    end
  end
  if not committed then return 0 end
  if redis.call('SISMEMBER', 'vector:waited-for', id) == 1 then return 2 end
  return 1
end
make_way(results, 'stream')
make_way(job, 'hash')
local entry = {'type', 1, 'worker_name', ARGV[3], 'execution_id', ARGV[2], 'execution_started_at', ARGV[5],
  'execution_ended_at', ARGV[6]}
if ARGV[7] ~= '' then
  entry[#entry + 1] = 'return_value'
  entry[#entry + 1] = ARGV[7]
end
local lifetime = tonumber(ARGV[8])
redis.call('XADD', results, 'MAXLEN', 10, '*', unpack(entry))
redis.call('EXPIRE', results, lifetime + 120)  -- a reaper deletes it before
redis.call('HSET', job, 'status', 'finished', 'ended_at', ARGV[4])
if ARGV[11] ~= '' then redis.call('HSET', job, 'meta', ARGV[11]) end
-- Unused in finished jobs, which may be many.
redis.call('HDEL', job, 'last_heartbeat', 'retry_intervals', 'committed', 'success_callback_name', 'failure_callback_name',
  'stopped_callback_name')
redis.call('EXPIRE', job, lifetime + 120)
local ends_at = redis.call('TIME')[1] + lifetime
redis.call('ZADD', KEYS[2], ends_at, id)
if ARGV[9] ~= '' then
  redis.call('ZADD', KEYS[5], ends_at, id)
  redis.call('HSET', KEYS[6], id, ARGV[9])
end
redis.call('DEL', 'rq:execution:' .. member, 'rq:executions:' .. id)
redis.call('SREM', KEYS[4], member)
redis.call('HINCRBY', KEYS[3], 'successful_job_count', 1)
redis.call('HINCRBYFLOAT', KEYS[3], 'total_working_time', ARGV[6] - ARGV[5])
enter_outcome(id, ARGV[10], false)
publish_end(id, 'finished', lifetime + 120)
append(id, 'finished', ARGV[6] - ARGV[5])
if redis.call('EXISTS', job .. ':dependents') == 1 then
  redis.call('SADD', 'vector:waited-for', id)  -- until this worker or a reaper releases the dependents
  return 2
end
return 1
