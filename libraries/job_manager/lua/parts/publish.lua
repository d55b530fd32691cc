-- Publish a job event to its followers.
-- The first follower or the first progress creates the event stream of a job; other jobs have none. `lifetime` is the lifetime of the
-- stream in seconds after the final event, nil before.
local function store(stream, event, data, lifetime)
  local entry = redis.call('XADD', stream, 'MAXLEN', '~', 500, '*', 'event', event, 'data', data)
  if lifetime then redis.call('EXPIRE', stream, lifetime) else redis.call('PERSIST', stream) end
  redis.call('PUBLISH', stream, entry .. ' ' .. event .. ' ' .. data)
end
local function publish(id, event, data, lifetime)
  local stream = 'vector:events:' .. id
  if event == 'progress' or event == 'log' or redis.call('EXISTS', stream) == 1 then store(stream, event, data, lifetime) end
end
-- The record may have changed when the event is read, so the event has the fields that depend on its moment. `record` has them if the
-- caller knows them.
local function publish_status(id, status, record)
  local stream = 'vector:events:' .. id
  if redis.call('EXISTS', stream) == 0 then return end
  local data, found = {status = status}, {}
  local names = {'started_at', 'ended_at', 'number_of_retries', 'retries_left'}
  local values = not record and redis.pcall('HMGET', 'rq:job:' .. id, unpack(names))
  for n, name in ipairs(names) do found[name] = record and record[name] or values and values[n] or '' end
  for n = 1, 2 do
    if found[names[n]]:find('^%d+%-%d+%-%d+T[%d:%.]+[Z%d:+]*$') then data[names[n]] = found[names[n]] end
  end
  local function count(text) return #text < 10 and text:find('^%d+$') and tonumber(text) or 0 end
  data.attempt = count(found.number_of_retries) + (data.started_at and 1 or 0)
  data.retries_left = count(found.retries_left)
  store(stream, 'status', cjson.encode(data))
end
local ENDS = {finished = 'finished', failed = 'failed', stopped = 'canceled', canceled = 'canceled'}
local function publish_end(id, status, lifetime)
  publish(id, ENDS[status], '{"status":"' .. status .. '"}', lifetime)
end
