-- Ask a job to end with the best result so far; it learns so when it reports its progress.
-- KEYS: 1 job
-- Returns 0 if there is no such job.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
redis.call('HSET', KEYS[1], 'finish', '1')
return 1
