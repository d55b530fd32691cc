-- Queue a new job unless the queue is full. Idempotent.
-- KEYS: 1 job, 2 queue, 3 all queues, 4 scheduled jobs
-- ARGV: 1 job id, 2 maximum of waiting jobs, or '' for no limit, 3 time to run at (Unix seconds), or '', 4 owner, or '' for an unlisted
--       job, 5 entries of the index, separated by newlines, 6 key of the id of the only job with a unique key, or '', then the fields of
--       the record and their values
-- Returns 1 if queued, 0 if the id exists, -1 if the queue is full, or the id of the job that has the unique key and has not ended.
--@ journal
--@ damage
--@ job_index/entries
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[6] ~= '' then
  local other = redis.call('GET', ARGV[6])
  local status = other and status_of(other)
  if status and not ENDED[status] then return other end
end
local id, queued, is_due = ARGV[1], redis.call('LLEN', KEYS[2]), ARGV[3] == ''
if ARGV[2] ~= '' and queued + redis.call('ZCARD', HELD) + redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[2]) then return -1 end
-- In a broker without jobs, the index is complete.
if queued == 0 and redis.call('SADD', KEYS[3], KEYS[2]) == 1 then redis.call('SETNX', 'vector:index:version', '1') end
local fields, record = {unpack(ARGV, 7)}, {}
for n = 1, #fields, 2 do record[fields[n]] = fields[n + 1] end
local is_placed = false
if ARGV[4] ~= '' then
  record.number, is_placed = new_number(ARGV[4])
  fields[#fields + 1], fields[#fields + 2] = 'number', record.number
end
if not is_due then
  record.status = 'scheduled'
  fields[#fields + 1], fields[#fields + 2] = 'status', record.status
end
redis.call('HSET', KEYS[1], unpack(fields))
if is_placed then pcall(place, ARGV[4], record.number, id, ARGV[5]) end
if ARGV[6] ~= '' then redis.call('SET', ARGV[6], id) end
if is_due then fair_queue().push(id, record) else redis.call('ZADD', KEYS[4], ARGV[3], id) end
append(id, 'queued', nil, nil, record)
return 1
