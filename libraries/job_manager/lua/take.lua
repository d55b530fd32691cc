-- Take a job: off the queue and into the hands of one worker, in one step that no crash can halve.
-- KEYS: 1 queue, 2 intermediate list, 3 started jobs, 4 worker, 5 worker's executions, 6 suspension mark
-- ARGV: 1 id of a job that BLMOVE put into the intermediate list, or '', 2 execution id, 3 worker name, 4 time now (ISO 8601),
--       5 time now (Unix seconds), 6 lease in seconds
-- Returns {id, fields...} of the job, '' when the workers are suspended, or nil when there is nothing to take.
--@ publish
--@ journal
local id = ARGV[1]
if id ~= '' then
  redis.call('DEL', KEYS[2] .. ':first_seen:' .. id)
  if redis.call('LREM', KEYS[2], 1, id) == 0 then id = '' end  -- it lay there so long that it was put back
end
if redis.call('EXISTS', KEYS[6]) == 1 then
  if id ~= '' then redis.call('LPUSH', KEYS[1], id) end
  redis.call('HSET', KEYS[4], 'state', 'suspended')
  return ''
end
while true do
  if id == '' then
    id = redis.call('LPOP', KEYS[1])
    if not id then
      redis.call('HSET', KEYS[4], 'state', 'idle')
      return nil
    end
  end
  -- A canceled or deleted job, or a second entry of one that runs already, is passed over.
  if redis.call('HGET', 'rq:job:' .. id, 'status') == 'queued' then break end
  id = ''
end

local job, execution = 'rq:job:' .. id, 'rq:execution:' .. id .. ':' .. ARGV[2]
local lease = tonumber(ARGV[6])
local missed_at = redis.call('TIME')[1] + lease
redis.call('HSET', job, 'status', 'started', 'started_at', ARGV[4], 'last_heartbeat', ARGV[4], 'worker_name', ARGV[3])
redis.call('HDEL', job, 'ended_at', 'progress', 'failure')
redis.call('PERSIST', job)
redis.call('ZADD', KEYS[3], missed_at, id .. ':' .. ARGV[2])
-- `leased` until the worker confirms by its first heartbeat that it really has the job.
redis.call('HSET', execution, 'id', ARGV[2], 'job_id', id, 'created_at', ARGV[5], 'last_heartbeat', ARGV[5],
  'worker_name', ARGV[3], 'leased', '1')
redis.call('EXPIRE', execution, 3600)
redis.call('ZADD', 'rq:executions:' .. id, missed_at, ARGV[2])
redis.call('EXPIRE', 'rq:executions:' .. id, 3600)
redis.call('SADD', KEYS[5], id .. ':' .. ARGV[2])
redis.call('EXPIRE', KEYS[5], 3600)
redis.call('HSET', KEYS[4], 'state', 'busy')
publish_status(id, 'started')
append(id, 'started')
return {id, unpack(redis.call('HGETALL', job))}
