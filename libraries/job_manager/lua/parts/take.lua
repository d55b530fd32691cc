-- The step of `take.lua`, whose keys and arguments are passed.
--@ publish
--@ journal
--@ damage
local function take(KEYS, ARGV)
  local function report(state)
    redis.call('HSET', KEYS[4], 'state', state)
    if ARGV[6] == '0' then return end
    redis.call('HINCRBY', KEYS[4], 'successful_job_count', ARGV[6])
    redis.call('HINCRBYFLOAT', KEYS[4], 'total_working_time', ARGV[7])
  end

  local id = ARGV[1]
  if id ~= '' then
    redis.call('DEL', KEYS[2] .. ':first_seen:' .. id)
    if redis.call('LREM', KEYS[2], 1, id) == 0 then id = '' end  -- a reaper has requeued it
  end
  if redis.call('EXISTS', KEYS[5]) == 1 then
    if id ~= '' then redis.call('LPUSH', KEYS[1], id) end
    report('suspended')
    return ''
  end
  local found, record
  while true do
    if id == '' then
      id = redis.call('LPOP', KEYS[1])
      if not id then
        report('idle')
        return nil
      end
    end
    found, record = redis.pcall('HGETALL', 'rq:job:' .. id), {}
    for n = 1, #found, 2 do record[found[n]] = found[n + 1] end
    -- Skip canceled and deleted jobs, and a second entry of a running job. The work-horse fails a job in an unknown state.
    if record.status == 'queued' or record.status and not STATES[record.status] then break end
    id = ''
  end

  local job, reply = 'rq:job:' .. id, {id, 'found_status', record.status}
  -- Of an earlier attempt. Only then the record may expire.
  if record.ended_at or record.progress or record.failure or record.started_at then
    redis.call('HDEL', job, 'ended_at', 'progress', 'failure')
    redis.call('PERSIST', job)
    record.ended_at, record.progress, record.failure = nil, nil, nil
  end
  record.status, record.started_at, record.last_heartbeat, record.worker_name = 'started', ARGV[4], ARGV[4], ARGV[3]
  redis.call('HSET', job, 'status', 'started', 'started_at', ARGV[4], 'last_heartbeat', ARGV[4], 'worker_name', ARGV[3])
  -- The first heartbeat creates the record of the attempt, and so confirms that the worker received the job. Most jobs end before.
  redis.call('ZADD', KEYS[3], redis.call('TIME')[1] + ARGV[5], id .. ':' .. ARGV[2])
  if ARGV[8] == '1' then report('busy') end
  publish_status(id, 'started', record)
  append(id, 'started', nil, nil, record)
  for name, value in pairs(record) do
    reply[#reply + 1], reply[#reply + 2] = name, value
  end
  return reply
end
