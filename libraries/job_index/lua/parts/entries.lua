-- Entries of the index of jobs.
-- Each listed job has a number from the counter of its owner. 8,192 numbers are a chunk. Keys of a chunk, all `vector:index:<kind>:<chunk>:<owner>`:
--   states   one byte per job, zero for a deleted job      ids      32 bytes per job; longer ids are in the hash of entries
--   entries  hash of jobs by entry, such as `gblue` for the tag: up to 32 offsets of two bytes, or '' if they are in a bitmap
--   bits     bitmap of an entry                            words    sorted set of the words and tasks, for prefixes
local CHUNK, ID_BYTES, LIST_BYTES = 8192, 32, 64

local function base_of(owner, chunk) return string.format('%.0f', chunk) .. ':' .. owner end

-- Return the chunk and the offset of a number, nil if it is not one.
local function place_of(number)
  number = tonumber(number)
  if not number then return nil end
  local offset = number % CHUNK
  return (number - offset) / CHUNK, offset
end

local function packed(offset) return string.char(math.floor(offset / 256), offset % 256) end

-- Return the id of the job at an offset, '' if there is none.
local function id_at(base, offset)
  local id = redis.call('GETRANGE', 'vector:index:ids:' .. base, offset * ID_BYTES, offset * ID_BYTES + ID_BYTES - 1)
  if #id == ID_BYTES and string.byte(id) ~= 0 then return id end
  return redis.call('HGET', 'vector:index:entries:' .. base, 'n' .. offset) or ''
end

-- Add a job to entries, which are separated by newlines, and return those that it was not in.
local function add_entries(base, offset, text)
  local hash, bits = 'vector:index:entries:' .. base, 'vector:index:bits:' .. base .. ':'
  local entries, added, changed, own = {}, {}, {}, packed(offset)
  for entry in string.gmatch(text, '[^\n]+') do entries[#entries + 1] = entry end
  if #entries == 0 then return added end
  for n, known in ipairs(redis.call('HMGET', hash, unpack(entries))) do
    local entry = entries[n]
    if not known then
      local kind = string.sub(entry, 1, 1)
      if kind == 'w' or kind == 't' then redis.call('ZADD', 'vector:index:words:' .. base, 0, entry) end
      known = own
      added[#added + 1], changed[#changed + 1], changed[#changed + 2] = entry, entry, own
    end
    local is_known = known == own
    for at = 1, #known, 2 do is_known = is_known or string.sub(known, at, at + 1) == own end
    if not is_known then
      local is_bitmap = known == ''
      if not is_bitmap and #known < LIST_BYTES then
        changed[#changed + 1], changed[#changed + 2] = entry, known .. own
        added[#added + 1] = entry
      else
        for at = 1, #known, 2 do
          local high, low = string.byte(known, at, at + 1)
          redis.call('SETBIT', bits .. entry, high * 256 + low, 1)
        end
        if not is_bitmap then changed[#changed + 1], changed[#changed + 2] = entry, '' end
        if redis.call('SETBIT', bits .. entry, offset, 1) == 0 then added[#added + 1] = entry end
      end
    end
  end
  if #changed > 0 then redis.call('HSET', hash, unpack(changed)) end
  return added
end

local function remove_entry(base, offset, entry)
  local hash = 'vector:index:entries:' .. base
  local known = redis.call('HGET', hash, entry)
  if known == '' then redis.call('SETBIT', 'vector:index:bits:' .. base .. ':' .. entry, offset, 0) end
  if not known or known == '' then return end
  local own, left = packed(offset), {}
  for n = 1, #known, 2 do
    local one = string.sub(known, n, n + 1)
    if one ~= own then left[#left + 1] = one end
  end
  if #left > 0 then
    redis.call('HSET', hash, entry, table.concat(left))
  else
    redis.call('HDEL', hash, entry)
    redis.call('ZREM', 'vector:index:words:' .. base, entry)
  end
end

-- Store the id and the entries of a job, which are separated by newlines, under a number.
local function place(owner, number, id, entries)
  local chunk, offset = place_of(number)
  local base = base_of(owner, chunk)
  if #id == ID_BYTES then
    redis.call('SETRANGE', 'vector:index:ids:' .. base, offset * ID_BYTES, id)
  else
    redis.call('HSET', 'vector:index:entries:' .. base, 'n' .. offset, id)
  end
  add_entries(base, offset, entries)
end

-- Return where the numbers of a new index begin: after those of one that was lost, and of jobs before a rebuild.
local function first_number()
  local now, first = redis.call('TIME'), redis.pcall('HGET', 'vector:index:rebuild', 'first')
  now = (now[1] * 100 + math.floor(now[2] / 10000)) * CHUNK
  return string.format('%.0f', math.max(now, type(first) == 'string' and tonumber(first) or 0))
end

-- Return the next number of an owner as a string.
local function next_number(owner)
  local meta = 'vector:index:owner:' .. owner
  local number = redis.call('HINCRBY', meta, 'next', 1) - 1
  if number == 0 then
    number = tonumber(first_number())
    redis.call('HSET', meta, 'next', string.format('%.0f', number + 1))
  end
  if number % CHUNK == 0 then
    redis.call('HSET', meta, string.format('c%.0f', number / CHUNK), '')
    redis.call('SADD', 'vector:index:owners', owner)
  end
  return string.format('%.0f', number)
end

-- Return a number for a new job of an owner, and whether the index can be written. If its keys are damaged, the job works without it, and
-- is listed after the repair: no job may depend on the index.
local function new_number(owner)
  local done, number = pcall(next_number, owner)
  return done and number or first_number(), done
end

-- Give a job with a record a number and enter it. The state follows with the entry of the journal.
local function enter_job(owner, id, entries)
  local number, is_placed = new_number(owner)
  redis.call('HSET', 'rq:job:' .. id, 'number', number)
  if is_placed then pcall(place, owner, number, id, entries) end
end

-- Enter the words of the outcome of a job, separated by newlines. With `noted` they are in its record, and `leave_outcome` removes them.
local function enter_outcome(id, words, noted)
  if words == '' then return end
  pcall(function()
    local known = redis.call('HMGET', 'rq:job:' .. id, 'owner', 'number')
    local chunk, offset = place_of(known[2])
    if not chunk then return end
    local added = add_entries(base_of(known[1] or '', chunk), offset, words)
    if noted and #added > 0 then redis.call('HSET', 'rq:job:' .. id, 'outcome_words', table.concat(added, '\n')) end
  end)
end

local function leave_outcome(id)
  pcall(function()
    local known = redis.call('HMGET', 'rq:job:' .. id, 'owner', 'number', 'outcome_words')
    local chunk, offset = place_of(known[2])
    if not chunk or not known[3] then return end
    for entry in string.gmatch(known[3], '[^\n]+') do remove_entry(base_of(known[1] or '', chunk), offset, entry) end
    redis.call('HDEL', 'rq:job:' .. id, 'outcome_words')
  end)
end
