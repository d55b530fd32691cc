-- Note which job a staged upload is for, in the staged upload and in the job's record. Safe to repeat.
-- KEYS: 1 the staged upload, 2 the job
-- ARGV: 1 staged upload id, 2 job id, 3 seconds that the staged upload stays
-- The job may have ended, and the staged upload be gone: what this leaves then must not stay for ever.
redis.call('HSET', KEYS[1], 'job', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'staged_upload', ARGV[1]) end
return 1
