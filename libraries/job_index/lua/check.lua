-- Correct the states of jobs in the index by their records.
-- ARGV: 1 owner, 2 chunk, then the offsets of jobs: `12` as it is in the record, `12u` unreadable, `12r` also if it is marked as
--       unreadable, which a job stays otherwise
-- Returns the number of corrected jobs.
--@ entries
--@ job_manager/journal
local owner, chunk, corrected = ARGV[1], tonumber(ARGV[2]), 0
local base = base_of(owner, chunk)
local states = redis.call('GET', 'vector:index:states:' .. base) or ''

for n = 3, #ARGV do
  local offset, mark = string.match(ARGV[n], '^(%d+)(%a?)$')
  offset = tonumber(offset)
  local known = string.sub(states, offset + 1, offset + 1)
  if known ~= '' and known ~= '\0' then
    local id = id_at(base, offset)
    local record = redis.pcall('HMGET', 'rq:job:' .. id, 'status', 'number')
    local state = 'u'
    if not record.err then
      if record[1] and not record[2] then
        record[2] = string.format('%.0f', chunk * CHUNK + offset)
        redis.call('HSET', 'rq:job:' .. id, 'number', record[2])
      end
      local is_own = record[2] == string.format('%.0f', chunk * CHUNK + offset)
      state = record[1] and is_own and (STATE_BYTES[record[1]] or 'u') or '\0'
      if state ~= '\0' and (mark == 'u' or known == 'u' and mark ~= 'r') then state = 'u' end
    end
    if state ~= known then
      redis.call('SETRANGE', 'vector:index:states:' .. base, offset, state)
      corrected = corrected + 1
    end
  end
end
return corrected
