-- The queue in fair order: the list that workers take jobs from, and the rank of each job.
-- A rank is a number. Jobs with priority `high` have negative ones, so they are first. Then follow, from high to low digits, the round,
-- 0 for a single job or 1 for an item of a batch, and the place among the jobs of the same round. The jobs of an owner are in successive
-- rounds, and the first of them is in the round of the job that was taken last: each owner gets one job per round, a new owner the next.
-- Items of batches are some rounds late, so that a few single jobs of each owner go before them.
-- The list is sufficient to run all jobs. Other programs may change it: jobs without a rank keep their positions. The ranks of jobs that
-- were taken remain, below the rank of the first job in the list, until `trim` removes them.
-- Jobs with a concurrency key have the field `slots`, which identifies the key of an owner. The set of that name has the jobs that are in
-- the list or run. Further ones wait outside of the list, in the order of their submission.
local QUEUE, RANKS, ROUNDS, HELD = 'rq:queue:background', 'vector:queue:ranks', 'vector:queue:rounds', 'vector:queue:held'

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
    local known = redis.pcall('HMGET', 'rq:job:' .. id, 'owner', 'batch', 'priority', 'slots', 'concurrency')
    return known.err and {} or known  -- an error if it is not a hash
  end

  -- Give a job with these fields the next rank of its owner. Return it, the job before it, if any, and whether all other ranks are lower.
  local function give_rank(id, known, first)
    local is_item, base = known[2] and 1 or 0, known[3] == 'high' and HIGH or 0
    local share = (base == HIGH and 'h' or 'n') .. is_item .. (known[1] or '')
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
      local known = fields_of(id)
      known[2] = false  -- as a single job, so that later ones of its owner are behind it
      local rank = behind or give_rank(id, known)
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

  -- Insert a job with these fields into the list.
  local function insert(id, known)
    local first = first_rank()
    if known[3] == 'high' and first and first >= 0 then trim() end  -- later, the round of the other jobs is that of the lowest rank
    local rank, before, is_last = give_rank(id, known, first)
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

  -- Queue the next jobs that wait for a slot, as long as there is one.
  local function fill(slots)
    local key = 'vector:slots:' .. slots
    for _ = 1, 1000 do
      local id = redis.call('ZRANGE', key .. ':held', 0, 0)[1]
      local known = id and fields_of(id)
      if not id or redis.call('SCARD', key) >= (tonumber(known[5] or 1) or 1) then return end
      redis.call('ZREM', key .. ':held', id)
      if redis.call('ZREM', HELD, id) == 1 and redis.pcall('HGET', 'rq:job:' .. id, 'status') == 'queued' then
        redis.call('SADD', key, id)
        insert(id, known)
      end
    end
  end

  -- Queue a job, or let it wait for a slot.
  local function push(id)
    local known = fields_of(id)
    if known[4] then
      local key = 'vector:slots:' .. known[4]
      local is_free = redis.call('SISMEMBER', key, id) == 1 or redis.call('SCARD', key) < (tonumber(known[5] or 1) or 1)
      if not is_free then
        local now = redis.call('TIME')
        local moment = now[1] .. string.format('.%06d', now[2])
        redis.call('ZADD', HELD, moment, id)
        redis.call('ZADD', key .. ':held', moment, id)
        return
      end
      redis.call('SADD', key, id)
    end
    insert(id, known)
  end

  -- Release the slot of a job that has ended, or its place among those that wait for one.
  local function release(slots, id)
    local key = 'vector:slots:' .. slots
    if redis.call('SREM', key, id) == 1 then return fill(slots) end
    redis.call('ZREM', HELD, id)
    redis.call('ZREM', key .. ':held', id)
  end

  return {push = push, release = release, trim = trim, fill = fill, fields_of = fields_of, give_ranks = give_ranks}
end
