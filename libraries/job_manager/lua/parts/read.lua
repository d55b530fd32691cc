-- Read the journal for a subscriber.
--@ having
local function value_of(fields, name)
  for n = 1, #fields, 2 do
    if fields[n] == name then return fields[n + 1] end
  end
  return nil
end

-- Return the pending entries of a subscriber in the form of XPENDING; a new subscriber starts after the id `begin`.
local function pending_of(journal, group, begin)
  local pending = redis.pcall('XPENDING', journal, group, '-', '+', 100)
  if not pending.err then return pending end
  redis.call('XGROUP', 'CREATE', journal, group, begin, 'MKSTREAM')
  return {}
end

-- Return the id right before the first entry if entries were trimmed that a subscriber has not read, otherwise nil.
local function gap_of(journal, group)
  local first = redis.call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
  if not first then return nil end
  local function parsed(id)
    local ms, number = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(number)
  end
  local first_ms, first_number = parsed(first[1])
  local before = string.format('%.0f-%.0f', first_ms, first_number - 1)
  if first_number == 0 then before = string.format('%.0f-18446744073709551615', first_ms - 1) end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', journal)) do
    local known = {}
    for n = 1, #info, 2 do known[info[n]] = info[n + 1] end
    local cursor = known['last-delivered-id']
    if known['name'] == group and cursor ~= '0-0' and cursor ~= before then
      local ms, number = parsed(cursor)
      if first_ms > ms or (first_ms == ms and first_number > number) then return before end
    end
  end
end

-- Return up to `most` new entries that match, and whether there may be more; the others are acknowledged. `having` is a field that a
-- job's record must have, or ''; the entry of a deleted job must have data instead, that of a notification nothing. `events` is a list like ',finished,failed,'.
local function read_new(journal, group, most, having, events)
  local is_listed = false
  for _, name in ipairs(HAVING) do is_listed = is_listed or name == having end
  local function wanted(fields)
    local event, has = value_of(fields, 'event'), is_listed and value_of(fields, 'has')
    if not string.find(events, ',' .. event .. ',', 1, true) then return false end
    if having == '' or event == 'notification' then return true end
    if has then return string.find(has, ',' .. having .. ',', 1, true) ~= nil end
    if redis.pcall('HEXISTS', 'rq:job:' .. value_of(fields, 'job_id'), having) == 1 then return true end
    return event == 'deleted' and value_of(fields, 'data') ~= nil
  end
  local found = {}
  for _ = 1, 10 do
    local read = redis.call('XREADGROUP', 'GROUP', group, 'active', 'COUNT', most, 'STREAMS', journal, '>')
    if not read then return found, false end
    local skipped = {}
    for _, entry in ipairs(read[1][2]) do
      if wanted(entry[2]) then found[#found + 1] = entry else skipped[#skipped + 1] = entry[1] end
    end
    if #skipped > 0 then redis.call('XACK', journal, group, unpack(skipped)) end
    if #found > 0 then break end
  end
  return found, true
end

-- Read entries that the calling script handles and acknowledges itself.
-- Return a state, as `journal_take.lua` does, and the entries.
local function read_here(journal, group, most, begin, having, events)
  local entries = {}
  for _, one in ipairs(pending_of(journal, group, begin)) do  -- an earlier call failed
    entries[#entries + 1] = redis.call('XRANGE', journal, one[1], one[1])[1]
    if not entries[#entries] then redis.call('XACK', journal, group, one[1]) end
  end
  if #entries > 0 then return 'taken', entries end
  local before = gap_of(journal, group)
  if before then return 'gap', {}, before end
  local more
  entries, more = read_new(journal, group, most, having, events)
  return #entries > 0 and 'taken' or more and 'more' or 'none', entries
end
