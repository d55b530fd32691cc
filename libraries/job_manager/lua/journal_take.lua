-- Take the next entries of the journal for a subscriber, so that one process at a time handles them in order.
-- An entry is pending until it is acknowledged. It belongs to consumer 'active', or to 'failed' if its handler raised an error
-- (deliveries > 0) or was unavailable (deliveries = 0).
-- KEYS: 1 journal, 2 dropped entries
-- ARGV: 1 subscriber, 2 maximum of entries, 3 id after which a new subscriber starts, 4 field that a job's record must have, or '',
--       5 events as ',finished,failed,', 6 lease of a process in milliseconds, 7 first retry delay in milliseconds, 8 maximum of
--       deliveries of an entry
-- Returns {state, [{id, deliveries, [field, value, ...]}, ...], [{id, job id}, ...] of dropped entries}. The state is 'taken'; 'more' if
-- nothing was taken but there are more entries to read; 'busy' while another process or a retry delay blocks the next entry; 'none';
-- or 'gap' if entries were trimmed before the subscriber read them: the fourth value is then the new cursor.
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
      -- One entry at a time: it may have crashed the last process.
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
