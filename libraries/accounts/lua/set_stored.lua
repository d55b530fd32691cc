-- Set the bytes of the files of jobs, 0 for deleted ones, and correct the sums of their owners. Idempotent.
-- ARGV: 1 time now, then for each job its owner, its id, the bytes, and the time at which they are deleted without the job, or ''
--@ stored
drop_due(ARGV[1])
for n = 2, #ARGV, 4 do
  set_stored(ARGV[n], ARGV[n + 1], tonumber(ARGV[n + 2]))
  if ARGV[n + 3] ~= '' then redis.call('ZADD', 'vector:stored-due', ARGV[n + 3], ARGV[n] .. ' ' .. ARGV[n + 1]) end
end
