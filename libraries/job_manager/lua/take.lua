-- Take the next job from the queue for a worker.
-- KEYS: 1 queue, 2 intermediate list, 3 started jobs, 4 worker, 5 suspension flag
-- ARGV: 1 id of a job that BLMOVE put into the intermediate list, or '', 2 execution id, 3 worker name, 4 time now (ISO 8601),
--       5 lease in seconds, 6 number of jobs that the worker finished since its last report, 7 their seconds, 8 '1' to report them even if
--       a job is taken
-- Returns {id, fields...} of the job, with its former status in the field `found_status`, '' if the queue is paused, or nil if it is empty.
--@ take
return take(KEYS, ARGV)
