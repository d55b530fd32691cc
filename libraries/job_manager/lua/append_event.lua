-- Store and publish an event of a running job. Ignores a superseded attempt.
-- KEYS: 1 job, 2 started jobs
-- ARGV: 1 job id, 2 execution id, or '' in a stock worker, 3 'progress', 'log' or 'notification', 4 data as JSON
-- Returns 0 if the attempt was superseded, 2 if a client asked a job that reports progress to end early, else 1.
--@ publish
--@ journal
if ARGV[2] ~= '' and not redis.call('ZSCORE', KEYS[2], ARGV[1] .. ':' .. ARGV[2]) then return 0 end
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
if ARGV[3] == 'notification' then
  append(ARGV[1], 'notification', nil, ARGV[4])
  return 1
end
if ARGV[3] == 'progress' then redis.call('HSET', KEYS[1], 'progress', ARGV[4]) end
publish(ARGV[1], ARGV[3], ARGV[4])
-- A job may report ten times per second, so the journal gets progress only for notifications.
if ARGV[3] == 'progress' and redis.call('HEXISTS', KEYS[1], 'notify') == 1 then append(ARGV[1], 'progress', nil, ARGV[4]) end
return ARGV[3] == 'progress' and redis.call('HEXISTS', KEYS[1], 'finish') == 1 and 2 or 1
