-- Reserve places among the waiting jobs of an owner with priority `high`, for all of these jobs or for none. Idempotent.
-- ARGV: 1 owner, 2 limit, then the ids of the jobs
-- Returns 1, or 0 if too many would wait.
--@ job_manager/damage
local key, limit, new = 'vector:queue:high:' .. ARGV[1], tonumber(ARGV[2]), 0
for n = 3, #ARGV do new = new + 1 - redis.call('SISMEMBER', key, ARGV[n]) end
if redis.call('SCARD', key) + new > limit then
  for _, id in ipairs(redis.call('SMEMBERS', key)) do
    local status = status_of(id)
    if not status or status == 'started' or ENDED[status] then redis.call('SREM', key, id) end
  end
  if redis.call('SCARD', key) + new > limit then return 0 end
end
redis.call('SADD', key, unpack(ARGV, 3))
redis.call('EXPIRE', key, 700000)
return 1
