-- Take the next entries of the journal for a subscriber, so that one process at a time handles them, in their order.
-- An entry that was taken is pending until it is acknowledged: in the hands of consumer 'active', or of 'failed' when its handler
-- raised an error (deliveries > 0) or could not reach what it needs (deliveries = 0).
-- KEYS: 1 journal, 2 entries that were given up
-- ARGV: 1 subscriber, 2 most entries, 3 id that a new subscriber begins behind, 4 a field that a job's record must
--       have, or '', 5 events as ',finished,failed,', 6 milliseconds after which a process that holds entries is taken for dead,
--       7 milliseconds of the first pause before an entry is tried again, 8 most deliveries of an entry
-- Returns {state, [{id, deliveries, [field, value, ...]}, ...], [{id, job id}, ...] that were given up}; the state is 'taken', 'more' when
-- nothing was taken but there is more to look at, 'busy' while another process or a pause holds what comes next, 'none', or 'gap'
-- when entries were dropped before the subscriber saw them: then a fourth value is the id that its cursor is to be set to.
--@ read
local journal, group = KEYS[1], ARGV[1]
local dead = {}

for _, one in ipairs(pending_of(journal, group, ARGV[3])) do
  local id, failed, idle, deliveries = one[1], one[2] == 'failed', one[3], one[4]
  local pause = failed and math.min(tonumber(ARGV[7]) * 4 ^ (deliveries - 1), 60000) or tonumber(ARGV[6])
  if idle < pause then
    if not failed or deliveries == 0 then return {'busy', {}, dead} end
  else
    local entry = redis.call('XRANGE', journal, id, id)[1]
    if not entry then
      redis.call('XACK', journal, group, id)
    elseif deliveries >= tonumber(ARGV[8]) then
      redis.call('XACK', journal, group, id)
      redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'subscriber', group, 'entry', id, unpack(entry[2]))
      dead[#dead + 1] = {id, value_of(entry[2], 'job_id')}
    else
      -- Alone: should it be what killed the last process, it kills no other entries with this one.
      redis.call('XCLAIM', journal, group, 'active', 0, id)
      return {'taken', {{id, deliveries + 1, entry[2]}}, dead}
    end
  end
end

local before = gap_of(journal, group)
if before then return {'gap', {}, dead, before} end
local found, more = read_new(journal, group, tonumber(ARGV[2]), ARGV[4], ARGV[5])
local taken = {}
for n, entry in ipairs(found) do taken[n] = {entry[1], 1, entry[2]} end
return {#taken > 0 and 'taken' or more and 'more' or 'none', taken, dead}
