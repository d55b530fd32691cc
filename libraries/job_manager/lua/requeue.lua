-- Put a job back that was popped but is not going to be taken: to the front of the queue, at no cost to it.
-- KEYS: 1 queue, 2 intermediate list   ARGV: 1 job id
-- Returns 1 when it still lay there.
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2] .. ':first_seen:' .. ARGV[1])
redis.call('LPUSH', KEYS[1], ARGV[1])
return 1
