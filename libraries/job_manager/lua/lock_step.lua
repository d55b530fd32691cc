-- Lock a step of a job that must not be repeated, such as sending a mail.
-- KEYS: 1 lock, 2 started jobs
-- ARGV: 1 holder as '<job id>:<execution id>', 2 lifetime of the lock in seconds, 3 '1' if attempts are listed in the started jobs
-- Returns '' if the caller holds the lock; the note if the step is done; '?' while another attempt that may be running holds it.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 1) == '{' then return held end
if held and held ~= ARGV[1] and (ARGV[3] ~= '1' or redis.call('ZSCORE', KEYS[2], held)) then return '?' end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ''
