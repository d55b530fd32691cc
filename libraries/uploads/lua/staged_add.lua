-- Add a block to a staged upload unless the limit of all staged uploads is exceeded. Idempotent.
-- KEYS: 1 staged upload, 2 expiry times of the staged uploads, 3 bytes of each staged upload and of all
-- ARGV: 1 id of the staged upload, 2 number of the block, 3 block, 4 now, 5 lifetime in seconds, 6 limit in bytes
-- Returns 1, or 0 if the limit is exceeded.
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4], 'LIMIT', 0, 1000)) do
  redis.call('HINCRBY', KEYS[3], 'all', -(redis.call('HGET', KEYS[3], old) or 0))
  redis.call('HDEL', KEYS[3], old)
  redis.call('ZREM', KEYS[2], old)
end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then
  local size = #ARGV[3]
  if tonumber(redis.call('HGET', KEYS[3], 'all') or 0) + size > tonumber(ARGV[6]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  redis.call('HINCRBY', KEYS[3], ARGV[1], size)
  redis.call('HINCRBY', KEYS[3], 'all', size)
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4] + ARGV[5], ARGV[1])
return 1
