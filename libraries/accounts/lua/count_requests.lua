-- Count requests in a window that begins with the first of them.
-- KEYS: 1 counter   ARGV: 1 number of requests, 2 length of the window in seconds
-- Returns {the number of requests in the window, the milliseconds until it ends}.
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = ARGV[2] * 1000
  redis.call('PEXPIRE', KEYS[1], left)
end
return {total, left}
