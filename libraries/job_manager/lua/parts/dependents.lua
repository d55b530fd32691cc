-- Jobs that wait for others. The set of the jobs that one waits for gets smaller as they end, so that the cost of n of them is that of n
-- steps. Stock RQ, which reads the whole set, understands it.

-- Return whether a state of a job is one that its dependents wait for.
local function is_met(status, may_fail)
  return status == 'finished' or may_fail and (status == 'failed' or status == 'stopped' or status == 'canceled')
end

-- Queue a job that waited, and whose dependencies have ended.
local function queue_dependent(id, deferred, now)
  redis.call('ZREM', deferred, id)
  redis.call('DEL', 'rq:job::' .. id .. ':dependencies')
  redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'enqueued_at', now)
  fair_queue().push(id)
  publish_status(id, 'queued')
  append(id, 'requeued')
end
