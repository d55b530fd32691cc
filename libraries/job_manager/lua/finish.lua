-- Commit the result of a job. Ignores a superseded attempt.
-- KEYS: 1 started jobs, 2 finished jobs, 3 worker's executions, 4 ended jobs to delete, 5 artifacts
-- ARGV: 1 job id, 2 execution id, 3 worker name, 4 ended (ISO 8601), 5 started (Unix seconds), 6 ended (Unix seconds),
--       7 result as base64 of a pickle, or '', 8 lifetime in seconds, 9 note of the files as JSON, or '',
--       10 entries of the index for the result, separated by newlines, 11 meta as JSON, or ''
-- Returns 0 if superseded, 1 if committed, 2 if committed with dependents.
--@ finish
return finish(KEYS, ARGV)
