-- Release a readable name of a job.
-- KEYS: 1 jobs by readable name
-- ARGV: 1 name, 2 job id
-- Returns 1, or 0 if the name belongs to another job or to none.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
