-- Take the next job from the queue for a worker.
-- KEYS: 1 queue, 2 intermediate list, 3 started jobs, 4 worker, 5 worker's executions, 6 suspension flag
-- ARGV: 1 id of a job that BLMOVE put into the intermediate list, or '', 2 execution id, 3 worker name, 4 time now (ISO 8601),
--       5 time now (Unix seconds), 6 lease in seconds
-- Returns {id, fields...} of the job, with its former status in the field `found_status`, '' if the queue is paused, or nil if it is empty.
--@ publish
--@ journal
--@ damage
local id = ARGV[1]
if id ~= '' then
  redis.call('DEL', KEYS[2] .. ':first_seen:' .. id)
  if redis.call('LREM', KEYS[2], 1, id) == 0 then id = '' end  -- a reaper has requeued it
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
  -- Skip canceled and deleted jobs, and a second entry of a running job. The work-horse fails a job in an unknown state.
  if waits(id, 'queued') then break end
  id = ''
end

local job, execution = 'rq:job:' .. id, 'rq:execution:' .. id .. ':' .. ARGV[2]
local lease, found_status = tonumber(ARGV[6]), status_of(id)
local lease_ends_at = redis.call('TIME')[1] + lease
redis.call('HSET', job, 'status', 'started', 'started_at', ARGV[4], 'last_heartbeat', ARGV[4], 'worker_name', ARGV[3])
redis.call('HDEL', job, 'ended_at', 'progress', 'failure')
redis.call('PERSIST', job)
redis.call('ZADD', KEYS[3], lease_ends_at, id .. ':' .. ARGV[2])
-- `leased` is removed by the first heartbeat, which confirms that the worker received the job.
redis.call('HSET', execution, 'id', ARGV[2], 'job_id', id, 'created_at', ARGV[5], 'last_heartbeat', ARGV[5],
  'worker_name', ARGV[3], 'leased', '1')
redis.call('EXPIRE', execution, 3600)
redis.call('ZADD', 'rq:executions:' .. id, lease_ends_at, ARGV[2])
redis.call('EXPIRE', 'rq:executions:' .. id, 3600)
redis.call('SADD', KEYS[5], id .. ':' .. ARGV[2])
redis.call('EXPIRE', KEYS[5], 3600)
redis.call('HSET', KEYS[4], 'state', 'busy')
publish_status(id, 'started')
append(id, 'started')
return {id, 'found_status', found_status, unpack(redis.call('HGETALL', job))}
