-- Count something against limits within a window of time: all of it, or nothing when one limit does not allow it.
-- KEYS: what is counted for, such as an owner and the people who get something
-- ARGV: 1 time now, 2 length of the window in seconds, 3 a name of this count's own, then for each key: how many, and the limit
-- Returns 0 when it is counted, else after how many seconds it would be. Safe to repeat.
local now, window, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
for place, key in ipairs(KEYS) do
  local wanted, limit = tonumber(ARGV[2 + 2 * place]), tonumber(ARGV[3 + 2 * place])
  for number = 1, wanted do redis.call('ZREM', key, ARGV[3] .. ':' .. number) end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local over = redis.call('ZCARD', key) + wanted - limit
  if wanted > limit then
    wait = math.max(wait, window)
  elseif over > 0 then
    local oldest = redis.call('ZRANGE', key, over - 1, over - 1, 'WITHSCORES')
    wait = math.max(wait, math.ceil(tonumber(oldest[2]) + window - now), 1)
  end
end
if wait > 0 then return wait end
for place, key in ipairs(KEYS) do
  for number = 1, tonumber(ARGV[2 + 2 * place]) do redis.call('ZADD', key, now, ARGV[3] .. ':' .. number) end
  redis.call('EXPIRE', key, window)
end
return 0
