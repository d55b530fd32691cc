-- Put right what processes that died have left behind. Safe to run from several workers at once: each entry is dealt with by
-- whoever removes it, and every step is one of a single script.
-- KEYS: 1 queue, 2 intermediate list, 3 started jobs, 4 scheduled jobs, 5 failed jobs, 6 jobs that end
-- ARGV: 1 seconds that a job may lie in the intermediate list, 2 most times that a job is put back, 3 time now (ISO 8601),
--       4 lifetime of a given-up job in seconds, 5 trace of a lost worker as base64 of zlib, 6 the same of a poison job,
--       7 how many attempts are remembered, 8 most entries to deal with
-- Returns {put back, tried again, given up as lost, given up as poison, due, [ids of ended jobs that others wait for]}.
--@ publish
--@ journal
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local most = tonumber(ARGV[8])
local put_back, again, lost, poison, due, waited_for = 0, 0, 0, 0, 0

local function give_up(id, code, detail, trace)
  local job = 'rq:job:' .. id
  redis.call('XADD', 'rq:results:' .. id, 'MAXLEN', 10, '*', 'type', 2, 'worker_name', '', 'exc_string', trace)
  redis.call('EXPIRE', 'rq:results:' .. id, ARGV[4] + 120)
  redis.call('HSET', job, 'status', 'failed', 'ended_at', ARGV[3],
    'failure', cjson.encode({code = code, detail = detail, text = code .. ': ' .. detail}))
  redis.call('EXPIRE', job, ARGV[4] + 120)
  redis.call('ZADD', KEYS[5], math.floor(now) + ARGV[4], id)
  redis.call('ZADD', KEYS[6], math.floor(now) + ARGV[4], id)
  publish_end(id, 'failed', ARGV[4] + 120)
  append(id, 'failed')
  if redis.call('EXISTS', job .. ':dependents') == 1 then redis.call('SADD', 'vector:waited-for', id) end
end

local function rescue(id)
  local job = 'rq:job:' .. id
  if redis.call('HINCRBY', job, 'rescues', 1) > tonumber(ARGV[2]) then
    give_up(id, 'poison', 'each worker that took this job died before it could say so', ARGV[6])
    poison = poison + 1
  else
    redis.call('HSET', job, 'status', 'queued')
    redis.call('LPUSH', KEYS[1], id)
    publish_status(id, 'queued')
    append(id, 'requeued')
    put_back = put_back + 1
  end
end

-- Jobs that a worker popped and never claimed. Two passes: a worker claims what it popped within milliseconds.
for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, most - 1)) do
  local seen_key = KEYS[2] .. ':first_seen:' .. id
  local status = redis.call('HGET', 'rq:job:' .. id, 'status')
  if status ~= 'queued' then
    redis.call('LREM', KEYS[2], 1, id)
    redis.call('DEL', seen_key)
  elseif redis.call('EXISTS', 'rq:executions:' .. id) == 0 then  -- stock RQ claims a job before it takes it off this list
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

-- Jobs whose worker has been silent for too long.
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', KEYS[3], member)
  local id, execution_id = string.match(member, '^([^:]+):?(.*)$')
  local job, execution = 'rq:job:' .. id, 'rq:execution:' .. member
  local status = redis.call('HGET', job, 'status')
  if status == 'started' or status == 'queued' then
    local leased = redis.call('HGET', execution, 'leased')
    local known = redis.call('HMGET', job, 'attempts', 'retries_left', 'number_of_retries', 'worker_name', 'started_at')
    if leased or status == 'queued' then
      redis.call('LREM', KEYS[2], 1, id)
      rescue(id)
    else
      local attempts = cjson.decode(known[1] or '[]')
      local number = #attempts > 0 and (attempts[#attempts].number or #attempts) + 1 or 1
      attempts[#attempts + 1] = {number = number, worker = known[4] or '', started_at = known[5] or '', ended_at = ARGV[3],
        error = 'WorkerLost: the worker was silent for too long'}
      while #attempts > tonumber(ARGV[7]) do table.remove(attempts, 1) end
      redis.call('HSET', job, 'attempts', cjson.encode(attempts))
      local left = tonumber(known[2] or 0)
      if left > 0 then
        redis.call('HSET', job, 'status', 'queued', 'retries_left', left - 1, 'number_of_retries', tonumber(known[3] or 0) + 1)
        redis.call('LPUSH', KEYS[1], id)
        publish_status(id, 'queued')
        append(id, 'retry', nil, '{"status":"queued"}')
        again = again + 1
      else
        give_up(id, 'worker-lost', 'the process that ran the job ended unexpectedly', ARGV[5])
        lost = lost + 1
      end
    end
  end
  redis.call('DEL', execution, 'rq:executions:' .. id)
end

-- Jobs whose time has come.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', KEYS[4], id)
  if redis.call('HGET', 'rq:job:' .. id, 'status') == 'scheduled' then
    redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'enqueued_at', ARGV[3])
    redis.call('RPUSH', KEYS[1], id)
    publish_status(id, 'queued')
    append(id, 'requeued')
    due = due + 1
  end
end
-- Jobs that have ended while others wait for them, and whose worker has not released those yet.
waited_for = redis.call('SRANDMEMBER', 'vector:waited-for', 100)
return {put_back, again, lost, poison, due, waited_for}
