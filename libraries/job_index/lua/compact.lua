-- Remove deleted jobs from entries of a chunk of which few jobs are left.
-- ARGV: 1 owner, 2 chunk, then entries; without any, the ids are moved to the hash of entries
-- Returns the number of entries that have no job any more.
--@ entries
local base, live = ARGV[2] .. ':' .. ARGV[1], {}
local hash, ids = 'vector:index:entries:' .. base, 'vector:index:ids:' .. base
local states, at, removed = redis.call('GET', 'vector:index:states:' .. base) or '', 1, 0
while true do
  at = string.find(states, '[^%z]', at)
  if not at then break end
  live[#live + 1] = at - 1
  at = at + 1
end
if #ARGV == 2 then
  for _, offset in ipairs(live) do
    local id = id_at(base, offset)
    if id ~= '' then redis.call('HSET', hash, 'n' .. offset, id) end
  end
  redis.call('DEL', ids)
  return 0
end

for n = 3, #ARGV do
  local entry, kept = ARGV[n], {}
  local known = redis.call('HGET', hash, entry)
  local bits = 'vector:index:bits:' .. base .. ':' .. entry
  if known == '' then
    for _, offset in ipairs(live) do
      if redis.call('GETBIT', bits, offset) == 1 then kept[#kept + 1] = packed(offset) end
    end
  else
    for at = 1, #(known or ''), 2 do
      local high, low = string.byte(known, at, at + 1)
      local state = string.byte(states, high * 256 + low + 1)
      if state and state ~= 0 then kept[#kept + 1] = string.sub(known, at, at + 1) end
    end
  end
  if #kept * 2 <= LIST_BYTES then
    redis.call('DEL', bits)
    if #kept > 0 then
      redis.call('HSET', hash, entry, table.concat(kept))
    else
      removed = removed + redis.call('HDEL', hash, entry)
      redis.call('ZREM', 'vector:index:words:' .. base, entry)
    end
  end
end
return removed
