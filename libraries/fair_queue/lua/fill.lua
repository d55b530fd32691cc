-- Release the slots of jobs that ended in another program or whose records are lost, and queue the jobs that wait for these slots.
-- ARGV: 1 maximum of waiting jobs to look at
-- Returns the number of released slots.
--@ push
--@ job_manager/damage
local queue, released, seen = fair_queue(), 0, {}
for _, id in ipairs(redis.call('ZRANDMEMBER', HELD, ARGV[1])) do
  local slots = queue.fields_of(id)[4]
  if not slots then
    redis.call('ZREM', HELD, id)
  elseif not seen[slots] then
    seen[slots] = true
    for _, holder in ipairs(redis.call('SMEMBERS', 'vector:slots:' .. slots)) do
      local status = status_of(holder)
      if not status or ENDED[status] then released = released + redis.call('SREM', 'vector:slots:' .. slots, holder) end
    end
    queue.fill(slots)
  end
end
return released
