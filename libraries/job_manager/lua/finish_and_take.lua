-- Commit the result of a job, and take the next one.
-- KEYS: those of `finish.lua` and those of `take.lua`   ARGV: likewise
-- Returns the results of both; there is no second one if the queue is empty.
--@ finish
--@ take
local outcome = finish(KEYS, ARGV)
return {outcome, take({unpack(KEYS, 6)}, {unpack(ARGV, 12)})}
