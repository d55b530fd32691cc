-- Queue a waiting job if the jobs that it waits for have ended, however they did.
-- KEYS: 1 queue, 2 deferred jobs
-- ARGV: 1 job id, 2 time now (ISO 8601), 3 maximum of dependencies to look at
-- Returns 1 if a dependency ended without a result, so that the job cannot run, 0 if it still waits or is queued.
--@ publish
--@ journal
--@ damage
--@ dependents
local id = ARGV[1]
local dependencies = 'rq:job::' .. id .. ':dependencies'
local known = redis.pcall('HMGET', 'rq:job:' .. id, 'allow_dependency_failures', 'status')
if known.err or known[2] ~= 'deferred' then
  redis.call('ZREM', KEYS[2], id)
  return 0
end
for _, parent in ipairs(redis.call('SRANDMEMBER', dependencies, ARGV[3])) do
  local status = status_of(parent)
  if not status or is_met(status, known[1] == '1') then
    redis.call('SREM', dependencies, parent)
    redis.call('SREM', 'rq:job:' .. parent .. ':dependents', id)
  elseif is_met(status, true) then
    return 1
  end
end
if redis.call('SCARD', dependencies) == 0 then queue_dependent(id, KEYS[2], ARGV[2]) end
return 0
