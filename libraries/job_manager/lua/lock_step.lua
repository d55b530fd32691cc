-- Claim a step of a job that must not be done twice, such as handing over a mail.
-- KEYS: 1 claim, 2 started jobs
-- ARGV: 1 whoever claims it, as '<job id>:<execution id>', 2 seconds that the claim holds, 3 '1' where attempts are known as started jobs
-- Returns '' when it is theirs; what was noted when the step was done; or '?' while another attempt that may still be at it holds it.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 1) == '{' then return held end
if held and held ~= ARGV[1] and (ARGV[3] ~= '1' or redis.call('ZSCORE', KEYS[2], held)) then return '?' end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ''
