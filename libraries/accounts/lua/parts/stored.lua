-- The bytes of the files of each owner: by job in `vector:stored:<owner>`, and their sums in `vector:stored`. Uploads, which outlive
-- their jobs, are in `vector:stored-due` as '<owner> <job id>', scored by the time at which they are deleted.
local function set_stored(owner, id, bytes)
  local own = 'vector:stored:' .. owner
  local before = tonumber(redis.call('HGET', own, id) or 0) or 0
  if bytes > 0 then redis.call('HSET', own, id, bytes) else redis.call('HDEL', own, id) end
  if redis.call('HINCRBY', 'vector:stored', owner, bytes - before) == 0 then redis.call('HDEL', 'vector:stored', owner) end
end

local function drop_due(now)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', 'vector:stored-due', '-inf', now, 'LIMIT', 0, 100)) do
    local owner, id = string.match(member, '^(%S+) (%S+)$')
    if owner then set_stored(owner, id, 0) end
    redis.call('ZREM', 'vector:stored-due', member)
  end
end
