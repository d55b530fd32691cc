-- Recover the jobs of dead processes and queue scheduled jobs that are due. Several workers may run it at once.
-- KEYS: 1 queue, 2 intermediate list, 3 started jobs, 4 scheduled jobs, 5 failed jobs, 6 ended jobs to delete
-- ARGV: 1 maximum seconds of a job in the intermediate list, 2 maximum of rescues of a job, 3 time now (ISO 8601), 4 lifetime of a
--       failed job in seconds, 5 traceback of a lost worker (zlib, base64), 6 the same of a poison job, 7 maximum of stored
--       attempts, 8 maximum of entries per list, 9 entries of the index for a lost worker, separated by newlines, 10 the same for a poison job
-- Returns {requeued, retried, lost, poison, due, [ids of ended jobs with dependents]}.
--@ publish
--@ journal
--@ damage
--@ job_index/entries
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local limit, queue = tonumber(ARGV[8]), fair_queue()
local requeued, retried, lost, poison, due, waited_for = 0, 0, 0, 0, 0

local function fail(id, code, detail, trace, words)
  local job = 'rq:job:' .. id
  make_way('rq:results:' .. id, 'stream')
  redis.call('XADD', 'rq:results:' .. id, 'MAXLEN', 10, '*', 'type', 2, 'worker_name', '', 'exc_string', trace)
  redis.call('EXPIRE', 'rq:results:' .. id, ARGV[4] + 120)
  redis.call('HSET', job, 'status', 'failed', 'ended_at', ARGV[3],
    'failure', cjson.encode({code = code, detail = detail, text = code .. ': ' .. detail}))
  redis.call('EXPIRE', job, ARGV[4] + 120)
  redis.call('ZADD', KEYS[5], math.floor(now) + ARGV[4], id)
  redis.call('ZADD', KEYS[6], math.floor(now) + ARGV[4], id)
  enter_outcome(id, words, true)
  publish_end(id, 'failed', ARGV[4] + 120)
  append(id, 'failed')
  redis.call('SREM', 'vector:ended-by-rq', id)
  if redis.call('EXISTS', job .. ':dependents') == 1 then redis.call('SADD', 'vector:waited-for', id) end
end

local function rescue(id)
  local job = 'rq:job:' .. id
  local rescues = redis.pcall('HINCRBY', job, 'rescues', 1)
  if type(rescues) ~= 'number' or rescues > tonumber(ARGV[2]) then
    fail(id, 'poison', 'every worker that started this job crashed', ARGV[6], ARGV[10])
    poison = poison + 1
  else
    redis.call('HSET', job, 'status', 'queued')
    redis.call('LPUSH', KEYS[1], id)
    publish_status(id, 'queued')
    append(id, 'requeued')
    requeued = requeued + 1
  end
end

-- Jobs that a worker popped and did not claim. The first pass only notes the time, because a claim follows within milliseconds.
for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, limit - 1)) do
  local seen_key = KEYS[2] .. ':first_seen:' .. id
  if not waits(id, 'queued') then
    redis.call('LREM', KEYS[2], 1, id)
    redis.call('DEL', seen_key)
  elseif redis.call('EXISTS', 'rq:executions:' .. id) == 0 then  -- stock RQ claims a job before it removes it from this list
    local seen = redis.call('GET', seen_key)
    if not seen then
      redis.call('SET', seen_key, string.format('%.3f', now), 'EX', 86400)
    elseif now - tonumber(seen) >= tonumber(ARGV[1]) then
      redis.call('LREM', KEYS[2], 1, id)
      redis.call('DEL', seen_key)
      rescue(id)
    end
  end
end

-- Jobs whose lease has ended.
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, limit)) do
  redis.call('ZREM', KEYS[3], member)
  local id, execution_id = string.match(member, '^([^:]+):?(.*)$')
  local job, execution = 'rq:job:' .. id, 'rq:execution:' .. member
  local status = status_of(id)
  if status == 'started' or status == 'queued' then
    -- Without a record of the attempt there was no heartbeat: the worker may not have received the job.
    local found = redis.pcall('HMGET', execution, 'id', 'leased')
    local leased = not found.err and (not found[1] or found[2] == '1')
    local known = redis.call('HMGET', job, 'attempts', 'retries_left', 'number_of_retries', 'worker_name', 'started_at')
    if leased or status == 'queued' then
      redis.call('LREM', KEYS[2], 1, id)
      rescue(id)
    else
      local attempt = {worker = known[4] or '', started_at = known[5] or '', ended_at = ARGV[3],
        error = 'WorkerLost: the worker was silent for too long'}
      local attempts = with_attempt(known[1], attempt, ARGV[7])
      redis.call('HSET', job, 'attempts', attempts)
      local left = tonumber(known[2] or 0) or 0
      if left > 0 then
        redis.call('HSET', job, 'status', 'queued', 'retries_left', left - 1, 'number_of_retries', (tonumber(known[3] or 0) or 0) + 1)
        redis.call('LPUSH', KEYS[1], id)
        publish_status(id, 'queued')
        append(id, 'retry', nil, '{"status":"queued"}')
        retried = retried + 1
      else
        fail(id, 'worker-lost', 'the process that ran the job ended unexpectedly', ARGV[5], ARGV[9])
        lost = lost + 1
      end
    end
  end
  redis.call('DEL', execution, 'rq:executions:' .. id)
end

-- Scheduled jobs that are due.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, limit)) do
  redis.call('ZREM', KEYS[4], id)
  if waits(id, 'scheduled') then
    -- A worker fails a job in an unknown state.
    if status_of(id) == 'scheduled' then redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'enqueued_at', ARGV[3]) end
    queue.push(id)
    publish_status(id, 'queued')
    append(id, 'requeued')
    due = due + 1
  end
end
-- Jobs that ended in RQ's own workers, which do not append to the journal.
for _, id in ipairs(redis.call('SRANDMEMBER', 'vector:ended-by-rq', limit)) do
  local status = status_of(id)
  if status ~= 'started' then
    redis.call('SREM', 'vector:ended-by-rq', id)
    if ENDS[status] then append(id, status) end
  end
end
queue.trim()
-- Ended jobs whose dependents have not been released.
waited_for = redis.call('SRANDMEMBER', 'vector:waited-for', 100)
return {requeued, retried, lost, poison, due, waited_for}
