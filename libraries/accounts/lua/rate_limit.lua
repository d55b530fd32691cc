-- Count amounts against limits in a sliding window: all of them, or none if one is over its limit. Idempotent.
-- KEYS: one per counter, such as an owner and the recipients
-- ARGV: 1 time now, 2 window in seconds, 3 unique name of this call, then an amount and a limit for each key
-- Returns 0 when counted, otherwise the seconds to wait.
local now, window, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
for index, key in ipairs(KEYS) do
  local wanted, limit = tonumber(ARGV[2 + 2 * index]), tonumber(ARGV[3 + 2 * index])
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
for index, key in ipairs(KEYS) do
  for number = 1, tonumber(ARGV[2 + 2 * index]) do redis.call('ZADD', key, now, ARGV[3] .. ':' .. number) end
  redis.call('EXPIRE', key, window)
end
return 0
