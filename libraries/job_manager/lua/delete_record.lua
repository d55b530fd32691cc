-- Remove all that is known of a job that does not run.
-- KEYS: 1 queue, 2 scheduled, 3 deferred, 4 finished, 5 failed, 6 canceled, 7 jobs that end, 8 artifacts, 9 intermediate list
-- ARGV: 1 job id
-- Returns nil when it runs; else what is recorded of its artifacts as JSON, or ''.
--@ journal
local id = ARGV[1]
local job = 'rq:job:' .. id
local status = redis.call('HGET', job, 'status')
if status == 'started' then return nil end
local artifacts = redis.call('HGET', KEYS[8], id) or ''
local owner = redis.call('HGET', job, 'owner')
local known = status or artifacts ~= ''
if status == 'queued' then  -- a long list is not searched for nothing
  redis.call('LREM', KEYS[1], 1, id)
  redis.call('LREM', KEYS[9], 1, id)
end
for n = 2, 7 do redis.call('ZREM', KEYS[n], id) end
-- Whoever deletes a job that waits cancels it. Behind the first removal: a broker that is full refuses what adds, but not then.
if status == 'queued' or status == 'scheduled' or status == 'deferred' then append(id, 'canceled') end
if known then append(id, 'deleted', nil, artifacts ~= '' and artifacts or nil) end
if owner then redis.call('ZREM', 'vector:jobs:' .. owner, id) end
if redis.call('DEL', 'vector:events:' .. id) == 1 then redis.call('PUBLISH', 'vector:events:' .. id, 'gone') end
redis.call('DEL', job, 'rq:results:' .. id, 'rq:executions:' .. id, 'vector:deliveries:' .. id, job .. ':dependents', 'rq:job::' .. id .. ':dependencies')
return artifacts
