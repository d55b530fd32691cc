-- Complete a staged upload, which can be opened from now on. Idempotent.
-- KEYS: 1 staged upload, 2 expiry times of the staged uploads
-- ARGV: 1 id of the staged upload, 2 label as JSON, 3 now, 4 lifetime in seconds
-- Returns 1, or 0 if the staged upload expired.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'label', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3] + ARGV[4], ARGV[1])
return 1
