-- Read the records of jobs by their places in the index of their owner.
-- ARGV: 1 owner, 2 number of fields, then the names of the fields, then chunk and offset of each job
-- Returns for each job {id, values of the fields, last result}. Values and result are errors if their keys have another type.
--@ job_index/entries
local fields, jobs = {}, {}
for n = 3, ARGV[2] + 2 do fields[#fields + 1] = ARGV[n] end
for n = ARGV[2] + 3, #ARGV, 2 do
  local id = id_at(base_of(ARGV[1], ARGV[n]), tonumber(ARGV[n + 1]))
  jobs[#jobs + 1] = {id, redis.pcall('HMGET', 'rq:job:' .. id, unpack(fields)),
    redis.pcall('XREVRANGE', 'rq:results:' .. id, '+', '-', 'COUNT', 1)}
end
return jobs
