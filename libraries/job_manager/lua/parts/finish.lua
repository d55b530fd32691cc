-- The step of `finish.lua`, whose keys and arguments are passed.
--@ publish
--@ journal
--@ damage
--@ job_index/entries
local function finish(KEYS, ARGV)
  local id, member, lifetime = ARGV[1], ARGV[1] .. ':' .. ARGV[2], tonumber(ARGV[8])
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
  local record = record_of(id)
  if not record then  -- not a hash
    redis.call('DEL', job)
    record = {}
  end
  record.status = 'finished'
  local entry = {'type', 1, 'worker_name', ARGV[3], 'execution_id', ARGV[2], 'execution_started_at', ARGV[5],
    'execution_ended_at', ARGV[6]}
  if ARGV[7] ~= '' then entry[#entry + 1], entry[#entry + 2] = 'return_value', ARGV[7] end
  local added = redis.pcall('XADD', results, 'MAXLEN', 10, '*', unpack(entry))
  if type(added) == 'table' then  -- another program wrote a key of another type
    make_way(results, 'stream')
    added = redis.call('XADD', results, 'MAXLEN', 10, '*', unpack(entry))
  end
  -- The id of an entry begins with the time of the broker in milliseconds.
  local ends_at = math.floor(string.match(added, '^%d+') / 1000) + lifetime
  redis.call('EXPIRE', results, lifetime + 120)  -- a reaper deletes it before
  local fields = {'status', 'finished', 'ended_at', ARGV[4]}
  if ARGV[11] ~= '' then
    fields[5], fields[6] = 'meta', ARGV[11]
    record.meta = ARGV[11]
  end
  redis.call('HSET', job, unpack(fields))
  -- Unused in finished jobs, which may be many.
  redis.call('HDEL', job, 'last_heartbeat', 'retry_intervals', 'committed', 'success_callback_name', 'failure_callback_name',
    'stopped_callback_name')
  redis.call('EXPIRE', job, lifetime + 120)
  redis.call('ZADD', KEYS[2], ends_at, id)
  if ARGV[9] ~= '' then
    redis.call('ZADD', KEYS[4], ends_at, id)
    redis.call('HSET', KEYS[5], id, ARGV[9])
  end
  -- They exist if the job had a heartbeat.
  if redis.call('DEL', 'rq:execution:' .. member, 'rq:executions:' .. id) > 0 then redis.call('SREM', KEYS[3], member) end
  enter_outcome(id, ARGV[10], false)
  local has_dependents = false
  if redis.call('EXISTS', job .. ':dependents', 'vector:events:' .. id) > 0 then
    publish_end(id, 'finished', lifetime + 120)
    has_dependents = redis.call('EXISTS', job .. ':dependents') == 1
  end
  append(id, 'finished', ARGV[6] - ARGV[5], nil, record)
  if not has_dependents then return 1 end
  redis.call('SADD', 'vector:waited-for', id)  -- until this worker or a reaper releases the dependents
  return 2
end
