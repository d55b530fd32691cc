-- Throw a staged upload away. Safe to repeat.
-- KEYS: 1 the staged upload, 2 when each staged upload is thrown away, 3 the bytes of each staged upload and of all
-- ARGV: 1 staged upload id
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
local size = redis.call('HGET', KEYS[3], ARGV[1])
if size then
  redis.call('HINCRBY', KEYS[3], 'all', -size)
  redis.call('HDEL', KEYS[3], ARGV[1])
end
return 1
