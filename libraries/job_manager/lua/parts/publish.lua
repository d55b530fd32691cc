-- Publish a job event to its followers.
-- The first follower or the first progress creates the event stream of a job; other jobs have none. `lifetime` is the lifetime of the
-- stream in seconds after the final event, nil before.
local function publish(id, event, data, lifetime)
  local stream = 'vector:events:' .. id
  if event == 'progress' or event == 'log' or redis.call('EXISTS', stream) == 1 then
    local entry = redis.call('XADD', stream, 'MAXLEN', '~', 500, '*', 'event', event, 'data', data)
    if lifetime then redis.call('EXPIRE', stream, lifetime) else redis.call('PERSIST', stream) end
    redis.call('PUBLISH', stream, entry .. ' ' .. event .. ' ' .. data)
  end
end
local function publish_status(id, status)
  publish(id, 'status', '{"status":"' .. status .. '"}')
end
local ENDS = {finished = 'finished', failed = 'failed', stopped = 'canceled', canceled = 'canceled'}
local function publish_end(id, status, lifetime)
  publish(id, ENDS[status], '{"status":"' .. status .. '"}', lifetime)
end
