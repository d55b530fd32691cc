-- Queue the jobs that waited for an ended job only. Idempotent.
-- KEYS: 1 queue, 2 deferred jobs, 3 ended jobs whose dependents are not released
-- ARGV: 1 id of the ended job, 2 time now (ISO 8601), 3 maximum of dependents to look at
-- Returns whether there are more dependents, and the ids of those that cannot run, because the job ended without a result.
--@ publish
--@ journal
--@ damage
--@ dependents
local id, failed = ARGV[1], {}
local dependents, status = 'rq:job:' .. id .. ':dependents', status_of(id)
if status and not is_met(status, true) then  -- it was queued again
  redis.call('SREM', KEYS[3], id)
  return {0, failed}
end
for _, child in ipairs(redis.call('SRANDMEMBER', dependents, ARGV[3])) do
  local known = redis.pcall('HMGET', 'rq:job:' .. child, 'allow_dependency_failures', 'status')
  redis.call('SREM', dependents, child)
  if not known.err and known[2] == 'deferred' then
    if not status or is_met(status, known[1] == '1') then
      redis.call('SREM', 'rq:job::' .. child .. ':dependencies', id)
      if redis.call('SCARD', 'rq:job::' .. child .. ':dependencies') == 0 then queue_dependent(child, KEYS[2], ARGV[2]) end
    else
      failed[#failed + 1] = child
    end
  end
end
if redis.call('EXISTS', dependents) == 1 then return {1, failed} end
redis.call('SREM', KEYS[3], id)
return {0, failed}
