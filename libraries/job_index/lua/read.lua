-- Read chunks of the index of an owner.
-- ARGV: 1 owner, 2 chunks separated by commas, 3 entries separated by newlines, 4 beginnings of words separated by newlines,
--       5 maximum of words with the same beginning in a chunk
-- Returns for each chunk {states, job sets of the entries, job sets of the beginnings}. The states are '' if an entry or a beginning has no job. A job
-- set is a list {offsets, bitmap, ...}; it is `false` if too many words have that beginning.
--@ entries
local owner, most = ARGV[1], tonumber(ARGV[5])

-- Add the jobs of entries to a job set.
local function gather(set, base, entries)
  local lists = {set[1]}
  for first = 1, #entries, 500 do
    local last = math.min(first + 499, #entries)
    for n, known in ipairs(redis.call('HMGET', 'vector:index:entries:' .. base, unpack(entries, first, last))) do
      if known == '' then
        set[#set + 1] = redis.call('GET', 'vector:index:bits:' .. base .. ':' .. entries[first + n - 1]) or ''
      elseif known then
        lists[#lists + 1] = known
      end
    end
  end
  set[1] = table.concat(lists)
  return set
end

-- Add the job whose id begins with a term of 6 or more characters.
local function gather_ids(set, base, term)
  local width = string.sub(term, 1, 6) == 'aaaaaa' and 12 or 6
  if #term < width or string.find(term, '[^a-z2-7]') then return end
  local alike, offsets = gather({''}, base, {'i' .. string.sub(term, 1, width)}), {}
  for n = 1, #alike[1], 2 do
    local high, low = string.byte(alike[1], n, n + 1)
    offsets[#offsets + 1] = high * 256 + low
  end
  for place = 1, #(alike[2] or '') do
    local byte = string.byte(alike[2], place)
    for bit = 7, 0, -1 do
      if byte >= 2 ^ bit then
        byte = byte - 2 ^ bit
        offsets[#offsets + 1] = place * 8 - 1 - bit
      end
    end
  end
  for _, offset in ipairs(offsets) do
    if string.sub(string.match(id_at(base, offset), '[^_]*$'), 1, #term) == term then set[1] = set[1] .. packed(offset) end
  end
end

local function matching(base, term)
  local set, words, beginning = {''}, 'vector:index:words:' .. base, 'w' .. string.sub(term, 1, 24)
  local found = redis.call('ZRANGEBYLEX', words, '[' .. beginning, '[' .. beginning .. '\255', 'LIMIT', 0, most + 1)
  if #found > most then return false end
  for _, entry in ipairs(redis.call('ZRANGEBYLEX', words, '[t', '(u', 'LIMIT', 0, most)) do
    local parts = ' ' .. string.gsub(string.lower(string.sub(entry, 2)), '[^a-z0-9]+', ' ')
    if string.find(parts, ' ' .. term, 1, true) then found[#found + 1] = entry end
  end
  gather(set, base, found)
  gather_ids(set, base, term)
  return set
end

local function is_empty(set) return set[1] == '' and not set[2] end

-- Return the job sets of a chunk, and whether a job may be in all of them.
local function sets_of(base)
  local exact, words = {}, {}
  for entry in string.gmatch(ARGV[3], '[^\n]+') do
    exact[#exact + 1] = gather({''}, base, {entry})
    if is_empty(exact[#exact]) then return exact, words, false end
  end
  for term in string.gmatch(ARGV[4], '[^\n]+') do
    words[#words + 1] = matching(base, term) or false
    if words[#words] and is_empty(words[#words]) then return exact, words, false end
  end
  return exact, words, true
end

local chunks = {}
for chunk in string.gmatch(ARGV[2], '%d+') do
  local base = chunk .. ':' .. owner
  local exact, words, may_match = sets_of(base)
  local states = may_match and redis.call('GET', 'vector:index:states:' .. base) or ''
  chunks[#chunks + 1] = {states, exact, words}
end
return chunks
