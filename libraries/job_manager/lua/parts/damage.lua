-- Read records that another program may have damaged. No job may stop a script that handles others, too.
local STATES = {queued = 1, started = 1, finished = 1, failed = 1, stopped = 1, canceled = 1, deferred = 1, scheduled = 1, created = 1,
  rate_limited = 1, ready_to_enqueue = 1}
local ENDED = {finished = 1, failed = 1, stopped = 1, canceled = 1}

-- Return the status of a job, nil without a record, or if it is not a hash.
local function status_of(id)
  local status = redis.pcall('HGET', 'rq:job:' .. id, 'status')
  return type(status) == 'string' and status or nil
end

-- Return whether a job waits, in the state `expected` or in one that this version does not know.
local function waits(id, expected)
  local status = status_of(id)
  return status == expected or status ~= nil and not STATES[status]
end

-- Return a JSON list or object as a table, which is empty if it cannot be read.
local function decoded(text)
  local read, value = pcall(cjson.decode, text or '[]')
  return read and type(value) == 'table' and value or {}
end

-- Append an attempt to a list with a limit, and return the list as JSON and the number of the attempt.
local function with_attempt(text, attempt, limit)
  local attempts = decoded(text)
  local last = attempts[#attempts]
  local number = (type(last) == 'table' and tonumber(last.number) or #attempts) + 1
  attempt.number = number
  attempts[#attempts + 1] = attempt
  while #attempts > tonumber(limit) do table.remove(attempts, 1) end
  return cjson.encode(attempts), number
end

-- Delete a key of another type, so that it can be written.
local function make_way(key, expected)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= expected then redis.call('DEL', key) end
end
