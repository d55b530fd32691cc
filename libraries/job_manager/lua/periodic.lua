-- Queue the job of a schedule for a due time. Idempotent.
-- KEYS: 1 state of the schedule, 2 job, 3 queue, 4 all queues
-- ARGV: 1 due time (Unix seconds), 2 job id, 3 '1' if it is too late to be made up for, 4 '1' if jobs may overlap,
--       5 maximum advance of a clock in seconds, 6 lifetime of the state in seconds, then the fields of the record and their values
-- Returns 'queued', 'known' (handled before), 'new' (a new schedule, which starts with the next due time), 'missed', 'busy' (the last
-- job has not ended) or 'early' (the clock of the caller is wrong).
--@ journal
local now = tonumber(redis.call('TIME')[1])
local due, ahead = tonumber(ARGV[1]), now + tonumber(ARGV[5])
if due > ahead then return 'early' end
local last = tonumber(redis.call('HGET', KEYS[1], 'due') or nil)
-- A last due time in the future comes from a wrong clock and is ignored.
if last and last >= due and last <= ahead then return 'known' end
redis.call('HSET', KEYS[1], 'due', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[6])
if not last then return 'new' end
if ARGV[3] == '1' then
  redis.call('HINCRBY', KEYS[1], 'missed', 1)
  return 'missed'
end
if ARGV[4] ~= '1' then
  local status = redis.call('HGET', 'rq:job:' .. (redis.call('HGET', KEYS[1], 'job') or ''), 'status')
  if status == 'queued' or status == 'started' or status == 'scheduled' then
    redis.call('HINCRBY', KEYS[1], 'skipped', 1)
    return 'busy'
  end
end
if redis.call('EXISTS', KEYS[2]) == 1 then return 'known' end
redis.call('HSET', KEYS[2], unpack(ARGV, 7))
redis.call('SADD', KEYS[4], KEYS[3])
fair_queue().push(ARGV[2])
append(ARGV[2], 'queued')
redis.call('HSET', KEYS[1], 'job', ARGV[2], 'queued_for', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'runs', 1)
return 'queued'
