-- Store the job of a staged upload, in the staged upload and in the record of the job. Idempotent.
-- KEYS: 1 staged upload, 2 job
-- ARGV: 1 id of the staged upload, 2 id of the job, 3 lifetime in seconds
-- If the job has ended, HSET recreates the key of the staged upload, so it must expire.
redis.call('HSET', KEYS[1], 'job', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'staged_upload', ARGV[1]) end
return 1
