-- Give ranks to jobs in the list that have none, in their order: after a loss of the ranks, and to those that other programs queued.
-- ARGV: 1 position of the first job to look at, 2 maximum of jobs to look at
-- Returns the number of jobs looked at.
--@ push
local queue, start, run = fair_queue(), tonumber(ARGV[1]), {}
if start == 0 and redis.call('LLEN', QUEUE) <= redis.call('ZCARD', RANKS) then return 0 end
local ids = redis.call('LRANGE', QUEUE, start, start + ARGV[2] - 1)
local before = start > 0 and redis.call('LINDEX', QUEUE, start - 1)
local low = before and tonumber(redis.call('ZSCORE', RANKS, before) or nil)
for _, id in ipairs(ids) do
  local rank = tonumber(redis.call('ZSCORE', RANKS, id) or nil)
  if rank then
    queue.give_ranks(run, low, rank)
    run, low = {}, rank
  else
    run[#run + 1] = id
  end
end
queue.give_ranks(run, low)
return #ids
