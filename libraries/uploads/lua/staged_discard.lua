-- Discard a staged upload. Idempotent.
-- KEYS: 1 staged upload, 2 expiry times of the staged uploads, 3 bytes of each staged upload and of all
-- ARGV: 1 id of the staged upload
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
local size = redis.call('HGET', KEYS[3], ARGV[1])
if size then
  redis.call('HINCRBY', KEYS[3], 'all', -size)
  redis.call('HDEL', KEYS[3], ARGV[1])
end
return 1
