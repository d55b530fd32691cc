-- Count ended attempts and jobs while reading the journal, so that each entry counts once: in total, and by time (`parts/history.lua`).
-- A field of the totals is '<task> <outcome>', or '<task> <outcome> <bucket>' if the duration is known; the bucket is the smallest
-- bound that is not less than the duration. '<task> microseconds' is the sum. A name that is not a dotted path counts as 'other'.
-- KEYS: 1 journal, 2 totals
-- ARGV: 1 to 5 as in `job_manager/journal_take`
-- Returns {state, [], [], the new cursor after a gap}, as `job_manager/journal_take` does.
--@ job_manager/read
--@ history
local BOUNDS = {0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900}
local state, entries, before = read_here(KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5])
for _, entry in ipairs(entries) do
  redis.call('XACK', KEYS[1], ARGV[1], entry[1])
  local event, seconds = value_of(entry[2], 'event'), tonumber(value_of(entry[2], 'seconds'))
  local task = string.match(value_of(entry[2], 'task'), '^[%w_]+%.[%w_]+%.[%w_]+') or 'other'
  note_end(entry[1], value_of(entry[2], 'owner') or '', task, event == 'retry' and 'retried' or event, seconds, value_of(entry[2], 'job_id'))
  local field = task .. ' ' .. (event == 'retry' and 'retried' or event)
  if seconds then
    local bucket = '+Inf'
    for n = 1, #BOUNDS do
      if seconds <= BOUNDS[n] then
        bucket = tostring(BOUNDS[n])
        break
      end
    end
    field = field .. ' ' .. bucket
    redis.call('HINCRBY', KEYS[2], task .. ' microseconds', string.format('%.0f', seconds * 1000000))
  end
  redis.call('HINCRBY', KEYS[2], field, 1)
end
return {state, {}, {}, before}
