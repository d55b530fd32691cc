-- Tell those who follow a job what became of it, within the very step in which it does.
-- The job's stream of events is made by the first who follows it or by its first progress; for a job of which nothing was said and
-- that nobody follows, none is kept. `lasts` are the seconds that the stream stays after the job's end, nil before.
-- What the job's webhook waits for goes on a list, to be delivered; what its owner asked to be notified of, to their notices.
local function tell(id, event, status, data, lasts)
  local stream = 'vector:events:' .. id
  if event == 'progress' or event == 'log' or redis.call('EXISTS', stream) == 1 then
    local entry = redis.call('XADD', stream, 'MAXLEN', '~', 500, '*', 'event', event, 'data', data)
    if lasts then redis.call('EXPIRE', stream, lasts) else redis.call('PERSIST', stream) end
    redis.call('PUBLISH', stream, entry .. ' ' .. event .. ' ' .. data)
  end
  local asked = redis.call('HMGET', 'rq:job:' .. id, 'webhook_events', 'notify', 'owner')
  if asked[1] and status and string.find(asked[1], ',' .. status .. ',', 1, true) then
    redis.call('RPUSH', 'vector:webhooks-due', cjson.encode({job_id = id, event = status, owner = asked[3], at = redis.call('TIME')}))
  end
  if asked[2] and event ~= 'log' then
    local notices = 'vector:notices:' .. asked[3]
    redis.call('XADD', notices, 'MAXLEN', '~', 1000, '*', 'event', event, 'job_id', id, 'data', data)
    redis.call('EXPIRE', notices, 604800)
  end
end
local function tell_status(id, status)
  tell(id, 'status', status, '{"status":"' .. status .. '"}')
end
local ENDS = {finished = 'finished', failed = 'failed', stopped = 'canceled', canceled = 'canceled'}
local function tell_end(id, status, lasts)
  tell(id, ENDS[status], status, '{"status":"' .. status .. '"}', lasts)
end
