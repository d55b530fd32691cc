-- Release the slots of jobs that ended in another program or whose records are lost, and queue the jobs that wait for these slots.
-- ARGV: 1 maximum of waiting jobs to look at, 2 limit of running jobs of an owner, 0 for none
-- Returns 1 if more jobs can be queued at once.
--@ push
--@ job_manager/damage
local queue, seen, more = fair_queue(), {}, 0
redis.call('SET', OWNER_RUNNING, ARGV[2])
for _, id in ipairs(redis.call('ZRANDMEMBER', HELD, ARGV[1])) do
  local names = queue.slots_of(queue.fields_of(id))
  if #names == 0 then redis.call('ZREM', HELD, id) end
  for _, name in ipairs(names) do
    if not seen[name] then
      seen[name] = true
      for _, holder in ipairs(redis.call('SMEMBERS', 'vector:slots:' .. name)) do
        local status = status_of(holder)
        if not status or ENDED[status] then redis.call('SREM', 'vector:slots:' .. name, holder) end
      end
      if queue.fill(name) then more = 1 end
    end
  end
end
return more
