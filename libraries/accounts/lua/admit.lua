-- Enter jobs into the waiting jobs of their owner: all of them, or none if there would be too many. Idempotent.
-- KEYS: 1 waiting jobs of the owner, 2 stored bytes by owner
-- ARGV: 1 time now, 2 limit of waiting jobs, 3 limit of stored bytes, 4 owner, 5 lifetime of the list in seconds, then the job ids
-- Returns {1, 0 for too many waiting jobs or -1 for too many stored bytes; the number of waiting jobs; the stored bytes}.
--@ waiting
--@ stored
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
drop_due(now)
local stored = tonumber(redis.call('HGET', KEYS[2], ARGV[4]) or 0) or 0
local new = {}
for n = 6, #ARGV do
  if not redis.call('ZSCORE', KEYS[1], ARGV[n]) then new[#new + 1] = ARGV[n] end
end
drop_oldest(KEYS[1], 20 + #new, now)
if redis.call('ZCARD', KEYS[1]) + #new > limit then
  drop_oldest(KEYS[1], 300, now)
  -- Other programs may have ended any of them.
  drop(KEYS[1], redis.call('ZRANDMEMBER', KEYS[1], 200, 'WITHSCORES'), now)
end
local waiting = redis.call('ZCARD', KEYS[1])
if #new > 0 and waiting + #new > limit then return {0, waiting, stored} end
if #new > 0 and stored >= tonumber(ARGV[3]) then return {-1, waiting, stored} end
for _, id in ipairs(new) do redis.call('ZADD', KEYS[1], now, id) end
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {1, waiting + #new, stored}
