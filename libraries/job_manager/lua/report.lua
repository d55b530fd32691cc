-- Keep and tell what a running job says of itself. Does nothing for a superseded attempt.
-- KEYS: 1 job, 2 started jobs
-- ARGV: 1 job id, 2 execution id, or '' where the worker is not ours, 3 'progress' or 'log', 4 what it says as JSON
-- Returns 0 when the job belongs to another attempt by now.
--@ tell
if ARGV[2] ~= '' and not redis.call('ZSCORE', KEYS[2], ARGV[1] .. ':' .. ARGV[2]) then return 0 end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[3] == 'progress' then redis.call('HSET', KEYS[1], 'progress', ARGV[4]) end
tell(ARGV[1], ARGV[3], nil, ARGV[4])
return 1
