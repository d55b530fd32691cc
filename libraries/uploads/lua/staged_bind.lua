-- Note which job a parcel is for, in the parcel and in the job's record. Safe to repeat.
-- KEYS: 1 the parcel, 2 the job
-- ARGV: 1 parcel id, 2 job id, 3 seconds that the parcel stays
-- The job may have ended, and the parcel be gone: what this leaves then must not stay for ever.
redis.call('HSET', KEYS[1], 'job', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'parcel', ARGV[1]) end
return 1
