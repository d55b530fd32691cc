-- Tell those who follow a job what became of it, within the very step in which it does.
-- The job's stream of events is made by the first who follows it or by its first progress; for a job of which nothing was said and
-- that nobody follows, none is kept. `lasts` are the seconds that the stream stays after the job's end, nil before.
local function publish(id, event, data, lasts)
  local stream = 'vector:events:' .. id
  if event == 'progress' or event == 'log' or redis.call('EXISTS', stream) == 1 then
    local entry = redis.call('XADD', stream, 'MAXLEN', '~', 500, '*', 'event', event, 'data', data)
    if lasts then redis.call('EXPIRE', stream, lasts) else redis.call('PERSIST', stream) end
    redis.call('PUBLISH', stream, entry .. ' ' .. event .. ' ' .. data)
  end
end
local function publish_status(id, status)
  publish(id, 'status', '{"status":"' .. status .. '"}')
end
local ENDS = {finished = 'finished', failed = 'failed', stopped = 'canceled', canceled = 'canceled'}
local function publish_end(id, status, lasts)
  publish(id, ENDS[status], '{"status":"' .. status .. '"}', lasts)
end
