-- Start to record the events of a job.
-- KEYS: 1 job, 2 event stream
-- ARGV: 1 id of the last known event
-- Returns {state, entries after that event, id of the last entry, name of the last event or ''}, or nil if the job does not exist.
local status = redis.pcall('HGET', KEYS[1], 'status')
if type(status) ~= 'string' then return nil end
local ended = status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled'
if not ended and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('XADD', KEYS[2], '*', 'data', '', 'event', 'status')
  redis.call('XTRIM', KEYS[2], 'MAXLEN', 0)  -- clients get the state first, so earlier events are not needed
end
local last, name = '0-0', ''
if redis.call('EXISTS', KEYS[2]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for n = 1, #info, 2 do
    if info[n] == 'last-generated-id' then last = info[n + 1] end
  end
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if newest then name = newest[2][2] end
end
return {status, redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+'), last, name}
