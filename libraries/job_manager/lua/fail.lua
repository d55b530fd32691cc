-- End a failed attempt: retry the job or fail it. Ignores a superseded attempt.
-- KEYS: 1 queue, 2 started jobs, 3 scheduled jobs, 4 failed jobs, 5 worker, 6 worker's executions, 7 ended jobs to delete
-- ARGV: 1 job id, 2 execution id, 3 worker name, 4 ended (ISO 8601), 5 started (Unix seconds), 6 ended (Unix seconds),
--       7 traceback (zlib, base64), 8 lifetime in seconds, 9 'failed' or 'stopped', 10 '1' if a retry is useless,
--       11 public error as JSON, or '', 12 this attempt as JSON, 13 maximum of stored attempts, 14 maximum of stored tracebacks,
--       15 entries of the index for the error, separated by newlines
-- Returns 0 if superseded, 1 if failed, 2 if it is retried, 3 if failed with dependents.
--@ publish
--@ journal
--@ damage
--@ job_index/entries
local id, member = ARGV[1], ARGV[1] .. ':' .. ARGV[2]
local job, results = 'rq:job:' .. id, 'rq:results:' .. id
if redis.call('ZREM', KEYS[2], member) == 0 then
  -- The step was already done: its reply was lost, or the work-horse died right after it.
  if redis.call('HGET', job, 'committed') ~= ARGV[2] then return 0 end
  if redis.call('SISMEMBER', 'vector:waited-for', id) == 1 then return 3 end
  return 1
end
make_way(results, 'stream')
make_way(job, 'hash')
local known = redis.call('HMGET', job, 'attempts', 'retries_left', 'number_of_retries', 'retry_intervals', 'traces')
local attempts, number = with_attempt(known[1], cjson.decode(ARGV[12]), ARGV[13])
-- A separate field, because attempts are read with each record, tracebacks only for the log.
local traces = decoded(known[5])
traces[#traces + 1] = {number = number, trace = ARGV[7]}
while #traces > tonumber(ARGV[14]) do table.remove(traces, 1) end
redis.call('HSET', job, 'attempts', attempts, 'traces', cjson.encode(traces), 'ended_at', ARGV[4],
  'last_heartbeat', ARGV[4], 'committed', ARGV[2])
if ARGV[11] ~= '' then redis.call('HSET', job, 'failure', ARGV[11]) end
if redis.call('DEL', 'rq:execution:' .. member, 'rq:executions:' .. id) > 0 then redis.call('SREM', KEYS[6], member) end
redis.call('HINCRBY', KEYS[5], 'failed_job_count', 1)
redis.call('HINCRBYFLOAT', KEYS[5], 'total_working_time', ARGV[6] - ARGV[5])

local left = tonumber(known[2] or 0) or 0
if left > 0 and ARGV[10] ~= '1' and ARGV[9] == 'failed' then
  local tried = tonumber(known[3] or 0) or 0
  local intervals = decoded(known[4])
  local status = 'queued'
  local pause = tonumber(intervals[math.min(tried + 1, #intervals)] or 0) or 0
  redis.call('HSET', job, 'retries_left', left - 1, 'number_of_retries', tried + 1)
  if pause > 0 then
    status = 'scheduled'
    redis.call('HSET', job, 'status', status)
    local now = redis.call('TIME')
    redis.call('ZADD', KEYS[3], now[1] + now[2] / 1000000 + pause, id)
    fair_queue().pause(id)
  else
    redis.call('HSET', job, 'status', status)
    fair_queue().push(id)
  end
  publish_status(id, status)
  append(id, 'retry', ARGV[6] - ARGV[5], '{"status":"' .. status .. '"}')
  return 2
end

local lifetime = tonumber(ARGV[8])
local kind = 2
if ARGV[9] == 'stopped' then kind = 3 end
redis.call('XADD', results, 'MAXLEN', 10, '*', 'type', kind, 'worker_name', ARGV[3], 'exc_string', ARGV[7],
  'execution_id', ARGV[2], 'execution_started_at', ARGV[5], 'execution_ended_at', ARGV[6])
redis.call('EXPIRE', results, lifetime + 120)  -- a reaper deletes it before
redis.call('HSET', job, 'status', ARGV[9])
redis.call('EXPIRE', job, lifetime + 120)
local ends_at = redis.call('TIME')[1] + lifetime
redis.call('ZADD', KEYS[4], ends_at, id)
redis.call('ZADD', KEYS[7], ends_at, id)
enter_outcome(id, ARGV[15], true)
publish_end(id, ARGV[9], lifetime + 120)
append(id, ARGV[9], ARGV[6] - ARGV[5])
if redis.call('EXISTS', job .. ':dependents') == 1 then
  redis.call('SADD', 'vector:waited-for', id)  -- until this worker or a reaper releases the dependents
  return 3
end
return 1
