-- Enter existing jobs with numbers below those of new jobs, the newest first. Idempotent.
-- KEYS: 1 state of the rebuild, 2 jobs to enter
-- ARGV: 1 owner, then for each job: id, entries, entries of the outcome (each separated by newlines)
-- Returns the number of entered jobs.
--@ entries
--@ job_manager/journal
local owner, entered = ARGV[1], 0
local first = tonumber(redis.call('HGET', KEYS[1], 'first'))
redis.call('HSETNX', KEYS[1], 'low:' .. owner, string.format('%.0f', first))
local low = tonumber(redis.call('HGET', KEYS[1], 'low:' .. owner))

for n = 2, #ARGV, 3 do
  local id, job = ARGV[n], 'rq:job:' .. ARGV[n]
  local known = redis.pcall('HMGET', job, 'status', 'number')
  local former = not known.err and tonumber(known[2])
  if not known.err and known[1] and not (former and former >= low) then
    low = low - 1
    local number = string.format('%.0f', low)
    local chunk, offset = place_of(number)
    redis.call('HSET', KEYS[1], 'low:' .. owner, number)
    redis.call('HSET', 'vector:index:owner:' .. owner, string.format('c%.0f', chunk), '')
    redis.call('HSETNX', 'vector:index:owner:' .. owner, 'next', string.format('%.0f', first))
    redis.call('SADD', 'vector:index:owners', owner)
    if former then
      local before, place_before = place_of(former)
      local read, there = pcall(id_at, base_of(owner, before), place_before)
      if read and there == id then enter_state(owner, former, '\0') end
    end
    redis.call('HSET', job, 'number', number)
    redis.call('HDEL', job, 'outcome_words')
    place(owner, number, id, ARGV[n + 1])
    enter_outcome(id, ARGV[n + 2], known[1] ~= 'finished')
    enter_state(owner, number, STATE_BYTES[known[1]] or 'u')
    entered = entered + 1
  end
  redis.call('ZREM', KEYS[2], id)
end
return entered
