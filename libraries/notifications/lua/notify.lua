-- Add notifications to the owners' streams while reading the journal, so that each is added once. A notification has the id of its
-- journal entry.
-- KEYS: 1 journal
-- ARGV: 1 to 5 as in `job_manager/journal_take`, 6 prefix of the streams, 7 their lifetime in seconds
-- Returns {state, [], [], the new cursor after a gap}, as `job_manager/journal_take` does.
--@ job_manager/read
-- Status after an event, if it differs from the name of the event.
local STATUS = {requeued = 'queued'}
local NAMES = {started = 'status', requeued = 'status', retry = 'status', stopped = 'canceled'}
local state, entries, before = read_here(KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5])
for _, entry in ipairs(entries) do
  local id, event = entry[1], value_of(entry[2], 'event')
  redis.call('XACK', KEYS[1], ARGV[1], id)
  local stream = ARGV[6] .. value_of(entry[2], 'owner')
  local data = value_of(entry[2], 'data') or '{"status":"' .. (STATUS[event] or event) .. '"}'
  local notification = {'event', NAMES[event] or event, 'job_id', value_of(entry[2], 'job_id'), 'data', data}
  local added = redis.pcall('XADD', stream, 'MAXLEN', '~', 1000, id, unpack(notification))
  -- Fails if the broker's clock was set back.
  if type(added) == 'table' then redis.call('XADD', stream, 'MAXLEN', '~', 1000, '*', unpack(notification)) end
  redis.call('EXPIRE', stream, ARGV[7])
end
return {state, {}, {}, before}
