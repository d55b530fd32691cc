-- Delete a job that is not running, except for the note of its files.
-- KEYS: 1 queue, 2 scheduled, 3 deferred, 4 finished, 5 failed, 6 canceled, 7 ended jobs to delete, 8 artifacts, 9 intermediate list
-- ARGV: 1 job id
-- Returns nil if the job is running, otherwise the note of its files as JSON, or ''.
--@ journal
--@ damage
local id = ARGV[1]
local job = 'rq:job:' .. id
local status = status_of(id)
if status == 'started' then return nil end
local artifacts = redis.call('HGET', KEYS[8], id) or ''
local known = redis.call('EXISTS', job) == 1 or artifacts ~= ''
if waits(id, 'queued') then  -- avoids the search of a long list
  redis.call('LREM', KEYS[1], -1, id)
  redis.call('ZREM', RANKS, id)
  redis.call('LREM', KEYS[9], 1, id)
end
for n = 2, 7 do redis.call('ZREM', KEYS[n], id) end
-- Deleting a waiting job cancels it. Appended after the removals, because a broker without memory accepts writes
-- only in a script that has started to write.
if status == 'queued' or status == 'scheduled' or status == 'deferred' then append(id, 'canceled') end
if known then append(id, 'deleted', nil, artifacts ~= '' and artifacts or nil) end
if redis.call('DEL', 'vector:events:' .. id) == 1 then redis.call('PUBLISH', 'vector:events:' .. id, 'gone') end
redis.call('DEL', job, 'rq:results:' .. id, 'rq:executions:' .. id, 'vector:deliveries:' .. id, 'rq:job::' .. id .. ':dependencies')
-- A reaper releases the jobs that waited for it.
if redis.call('EXISTS', job .. ':dependents') == 1 then redis.call('SADD', 'vector:waited-for', id) end
return artifacts
