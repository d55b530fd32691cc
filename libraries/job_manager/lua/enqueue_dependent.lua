-- Store a new job that waits for others. Idempotent.
-- KEYS: 1 job, 2 queue, 3 all queues, 4 deferred jobs
-- ARGV: 1 job id, 2 owner, or '' for an unlisted job, 3 entries of the index, separated by newlines, 4 '1' if the others may fail,
--       5 number of the others, their ids, then the fields of the record and their values
-- Returns 1 if stored, 0 if the id exists, 2 if there is nothing to wait for: then nothing is stored.
--@ journal
--@ damage
--@ publish
--@ dependents
--@ job_index/entries
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local id, last, waits_for = ARGV[1], 5 + tonumber(ARGV[5]), {}
for n = 6, last do
  local status = status_of(ARGV[n])
  if status and not is_met(status, ARGV[4] == '1') then waits_for[#waits_for + 1] = ARGV[n] end
end
if #waits_for == 0 then return 2 end
if redis.call('SADD', KEYS[3], KEYS[2]) == 1 then redis.call('SETNX', 'vector:index:version', '1') end
redis.call('HSET', KEYS[1], unpack(ARGV, last + 1))
redis.call('HSET', KEYS[1], 'status', 'deferred')
redis.call('ZADD', KEYS[4], redis.call('TIME')[1], id)
for _, parent in ipairs(waits_for) do
  redis.call('SADD', 'rq:job:' .. parent .. ':dependents', id)
  redis.call('SADD', 'rq:job::' .. id .. ':dependencies', parent)
end
if ARGV[2] ~= '' then
  enter_job(ARGV[2], id, ARGV[3])
  enter_state(ARGV[2], redis.call('HGET', KEYS[1], 'number'), 'd')
end
return 1
