-- Close a staged upload: from now on it can be opened. Safe to repeat.
-- KEYS: 1 the staged upload, 2 when each staged upload is thrown away
-- ARGV: 1 staged upload id, 2 its label as JSON, 3 now, 4 seconds that it stays
-- Returns 1, or 0 when it is gone.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'label', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3] + ARGV[4], ARGV[1])
return 1
