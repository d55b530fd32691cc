-- Count how an attempt or a job ended, within the very step in which it does. These totals outlive jobs, workers and restarts.
-- A field is '<task> <outcome>', with ' <bucket>' behind it where `seconds` are known: the least of the bounds that they do not
-- exceed. Their sums are '<task> microseconds'. A name that is no dotted path counts as 'other'.
local BOUNDS = {0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900}
local function count(id, outcome, seconds)
  local name = redis.call('HGET', 'rq:job:' .. id, 'description') or ''
  local task = string.match(name, '^[%w_]+%.[%w_]+%.[%w_]+') or 'other'
  if #task > 128 then task = 'other' end
  if not seconds then
    redis.call('HINCRBY', 'vector:totals', task .. ' ' .. outcome, 1)
    return
  end
  local bucket = '+Inf'
  for n = 1, #BOUNDS do
    if seconds <= BOUNDS[n] then
      bucket = tostring(BOUNDS[n])
      break
    end
  end
  redis.call('HINCRBY', 'vector:totals', task .. ' ' .. outcome .. ' ' .. bucket, 1)
  redis.call('HINCRBY', 'vector:totals', task .. ' microseconds', string.format('%.0f', math.max(seconds, 0) * 1000000))
end
