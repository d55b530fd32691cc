-- The queue in fair order: the list that workers take jobs from, and the rank of each job.
-- A rank is a number. Jobs with priority `high` have negative ones, so they are first. Then follow, from high to low digits, the round,
-- 0 for a single job or 1 for an item of a batch, and the place among the jobs of the same round. The jobs of an owner are in successive
-- rounds, and the first of them is in the round of the job that was taken last: each owner gets one job per round, a new owner the next.
-- Items of batches are some rounds late, so that a few single jobs of each owner go before them.
-- The list is sufficient to run all jobs. Other programs may change it: jobs without a rank keep their positions. The ranks of jobs that
-- were taken remain, below the rank of the first job in the list, until `trim` removes them.
-- Jobs with a concurrency key have the field `slots`, which identifies the key of an owner, and those of an owner with a limit of running
-- jobs the field `owner_running`. A set for each key, and one for each such owner, has the jobs that are in the list or run. Further ones
-- wait outside of the list: for a key in the order of their submission, for their owner those with priority `high` first, then single jobs.
local QUEUE, RANKS, ROUNDS, HELD = 'rq:queue:background', 'vector:queue:ranks', 'vector:queue:rounds', 'vector:queue:held'
-- The limit of running jobs of an owner in the settings of the workers, '0' for none. It replaces that of the record.
local OWNER_RUNNING = 'vector:queue:owner-running'

-- Return the functions of the queue. They are created on demand: most runs of a script need none of them.
local function fair_queue()
  local HIGH, PLACES, LATE, MAX_ROUND = -2 ^ 52, 65536, 8, 2 ^ 34

  local function written(number) return string.format('%.0f', number) end

  -- Return the round of a rank, without the delay of items of batches.
  local function round_of(rank)
    local group = math.floor((rank < 0 and rank - HIGH or rank) / PLACES)
    local is_item = group % 2
    return (group - is_item) / 2 - LATE * is_item
  end

  -- Return the round of the job that was taken last; `base` is 0, or HIGH for jobs with that priority. `first` is the rank of the first job
  -- in the list, nil if that is empty.
  local function current_round(base, first)
    local lowest, highest = written(base), base == HIGH and '(0' or '+inf'
    local is_alike = first and (base == HIGH) == (first < 0)
    local found
    if first and first < 0 and base == 0 then
      found = redis.call('ZRANGEBYSCORE', RANKS, lowest, highest, 'WITHSCORES', 'LIMIT', 0, 1)[2]
    else
      if is_alike then highest = '(' .. written(first) end
      found = redis.call('ZREVRANGEBYSCORE', RANKS, highest, lowest, 'WITHSCORES', 'LIMIT', 0, 1)[2]
    end
    found = found or is_alike and first
    return found and round_of(tonumber(found)) or 1
  end

  local function fields_of(id)
    local names, record = {'owner', 'batch', 'priority', 'slots', 'concurrency', 'owner_running', 'status'}, {}
    local known = redis.pcall('HMGET', 'rq:job:' .. id, unpack(names))  -- an error if it is not a hash
    for n, name in ipairs(names) do record[name] = known[n] or nil end
    return record
  end

  -- Return the names of the slots that a job with these fields needs, in the order in which it gets them.
  local function slots_of(record)
    local names = {record.slots}
    if record.owner_running then names[#names + 1] = 'owner:' .. (record.owner or '') end
    return names
  end

  local function limit_of(name, record)
    if name == record.slots then return tonumber(record.concurrency or 1) or 1 end
    local limit = tonumber(redis.call('GET', OWNER_RUNNING) or record.owner_running or 1) or 1
    return limit > 0 and limit or math.huge
  end

  -- Give a job with these fields the next rank of its owner. Return it, the job before it, if any, and whether all other ranks are lower.
  local function give_rank(id, record, first)
    local is_item, base = record.batch and 1 or 0, record.priority == 'high' and HIGH or 0
    local share = (base == HIGH and 'h' or 'n') .. is_item .. (record.owner or '')
    local last = tonumber(redis.call('ZSCORE', ROUNDS, share) or base) - base
    local round = math.min(math.max(current_round(base, first), last + 1), MAX_ROUND)
    local lowest = base + ((round + LATE * is_item) * 2 + is_item) * PLACES
    local highest = lowest + PLACES - 1
    local before = redis.call('ZREVRANGE', RANKS, 0, 0, 'WITHSCORES')
    local is_last = not before[2] or tonumber(before[2]) <= highest
    if not is_last then before = redis.call('ZREVRANGEBYSCORE', RANKS, written(highest), '-inf', 'WITHSCORES', 'LIMIT', 0, 1) end
    local rank = math.min(math.max(lowest, tonumber(before[2] or lowest) + 1), highest)
    redis.call('ZADD', RANKS, written(rank), id)
    redis.call('ZADD', ROUNDS, written(base + round), share)
    return rank, before[1], is_last
  end

  -- Give ranks to jobs that follow each other in the list: that of the job behind them, otherwise the next ones. `low` is the rank of the
  -- job before them.
  local function give_ranks(ids, low, behind)
    for _, id in ipairs(ids) do
      local record = fields_of(id)
      record.batch = nil  -- as a single job, so that later ones of its owner are behind it
      local rank = behind or give_rank(id, record)
      if behind or low and rank < low then
        rank = math.max(rank, low or rank)
        redis.call('ZADD', RANKS, written(rank), id)
      end
      low = rank
    end
  end

  -- Return the rank of the first job in the list, nil if that is empty. Jobs without a rank at its front get one.
  local function first_rank()
    local id = redis.call('LINDEX', QUEUE, 0)
    local rank = id and redis.call('ZSCORE', RANKS, id)
    if rank or not id then return tonumber(rank or nil) end
    local ids = {}
    for _, one in ipairs(redis.call('LRANGE', QUEUE, 0, 999)) do
      rank = redis.call('ZSCORE', RANKS, one)
      if rank then break end
      ids[#ids + 1] = one
    end
    give_ranks(ids, nil, tonumber(rank or nil))
    return tonumber(redis.call('ZSCORE', RANKS, id))
  end

  -- Forget the ranks of jobs that were taken, except for the last one, and rounds that are over.
  local function trim()
    local first = first_rank()
    local limit = first and '(' .. written(first) or '+inf'
    local last = redis.call('ZREVRANGEBYSCORE', RANKS, limit, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
    if not last then return end
    redis.call('ZREMRANGEBYSCORE', RANKS, '-inf', '(' .. last)
    for _, base in ipairs({HIGH, 0}) do
      redis.call('ZREMRANGEBYSCORE', ROUNDS, written(base), '(' .. written(base + current_round(base, first)))
    end
    if not first and round_of(tonumber(last)) > MAX_ROUND / 2 then redis.call('DEL', RANKS, ROUNDS) end
  end

  -- Append a single job to the list if no job is in a later round than the next one of its owner: that is its round then, whichever job was
  -- taken last. Return whether it was appended.
  local function append_single(id, record)
    if record.batch or record.priority == 'high' then return false end
    local share = 'n0' .. (record.owner or '')
    local last = tonumber(redis.call('ZSCORE', ROUNDS, share) or nil)
    local highest = last and tonumber(redis.call('ZREVRANGE', RANKS, 0, 0, 'WITHSCORES')[2] or nil)
    local lowest = last and (last + 1) * 2 * PLACES
    if not highest or highest >= lowest + PLACES or last >= MAX_ROUND then return false end
    redis.call('ZADD', RANKS, written(math.min(math.max(lowest, highest + 1), lowest + PLACES - 1)), id)
    redis.call('ZADD', ROUNDS, written(last + 1), share)
    redis.call('RPUSH', QUEUE, id)
    return true
  end

  -- Insert a job with these fields into the list.
  local function insert(id, record)
    if append_single(id, record) then return end
    local first = first_rank()
    if record.priority == 'high' and first and first >= 0 then trim() end  -- later, the round of the other jobs is that of the lowest rank
    local rank, before, is_last = give_rank(id, record, first)
    if not first or is_last then
      redis.call('RPUSH', QUEUE, id)
      return
    end
    for _ = 1, 10 do
      if rank < first or not before then break end
      if redis.call('LINSERT', QUEUE, 'AFTER', before, id) > 0 then return end
      redis.call('ZREM', RANKS, before)  -- another program removed it from the list
      before = redis.call('ZREVRANGEBYSCORE', RANKS, '(' .. written(rank), '-inf', 'LIMIT', 0, 1)[1]
    end
    redis.call('LPUSH', QUEUE, id)
  end

  -- Let a job wait for a slot.
  local function hold(id, name, record)
    local now = redis.call('TIME')
    local moment, later = now[1] .. string.format('.%06d', now[2]), 0
    if name ~= record.slots and record.priority ~= 'high' then later = record.batch and 6000000000 or 3000000000 end
    redis.call('ZADD', HELD, moment, id)
    redis.call('ZADD', 'vector:slots:' .. name .. ':held', string.format('%.6f', moment + later), id)
  end

  -- Queue a job, or let it wait for a slot.
  local function push(id, record)
    record = record or fields_of(id)
    for _, name in ipairs(slots_of(record)) do
      local key = 'vector:slots:' .. name
      if redis.call('SISMEMBER', key, id) == 0 then
        if redis.call('SCARD', key) >= limit_of(name, record) then return hold(id, name, record) end
        redis.call('SADD', key, id)
      end
    end
    insert(id, record)
  end

  -- Queue the next jobs that wait for a slot, as long as there is one. Return whether there may be more of them.
  local function fill(name)
    local key = 'vector:slots:' .. name
    for _ = 1, 1000 do
      local id = redis.call('ZRANGE', key .. ':held', 0, 0)[1]
      local record = id and fields_of(id)
      if not id or redis.call('SCARD', key) >= limit_of(name, record) then return false end
      redis.call('ZREM', key .. ':held', id)
      if redis.call('ZREM', HELD, id) == 1 and record.status == 'queued' then push(id, record) end
    end
    return true
  end

  -- Release slots of a job, or its place among those that wait for one.
  local function release_slots(id, names)
    local freed = {}
    for _, name in ipairs(names) do
      local key = 'vector:slots:' .. name
      if redis.call('SREM', key, id) == 1 then
        freed[#freed + 1] = name
      else
        redis.call('ZREM', HELD, id)
        redis.call('ZREM', key .. ':held', id)
      end
    end
    for _, name in ipairs(freed) do fill(name) end
  end

  -- Release the slots of a job that has ended.
  local function release(id, record) release_slots(id, slots_of(record)) end

  -- Release the slot of its owner, of a job that does not run until it is pushed again.
  local function pause(id)
    local record = fields_of(id)
    record.slots = nil
    release(id, record)
  end

  return {push = push, release = release, pause = pause, trim = trim, fill = fill, fields_of = fields_of, slots_of = slots_of,
    give_ranks = give_ranks}
end
