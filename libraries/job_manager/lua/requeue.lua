-- Return a popped job to the front of the queue.
-- KEYS: 1 queue, 2 intermediate list   ARGV: 1 job id
-- Returns 1, or 0 if the job is not in the intermediate list.
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2] .. ':first_seen:' .. ARGV[1])
redis.call('LPUSH', KEYS[1], ARGV[1])
return 1
