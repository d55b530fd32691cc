-- Return the name and the number of unhandled entries of each subscriber of a journal, as a flat list. Counts at most 10,000 entries
-- if the broker does not know the number.
local function lags_of(journal)
  local lags = {}
  if redis.call('EXISTS', journal) == 0 then return lags end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', journal)) do
    local known = {}
    for n = 1, #info, 2 do known[info[n]] = info[n + 1] end
    local lag = known['lag']
    if type(lag) ~= 'number' then
      lag = #redis.call('XRANGE', journal, '(' .. known['last-delivered-id'], '+', 'COUNT', 10000)
    end
    lags[#lags + 1] = known['name']
    lags[#lags + 1] = lag + known['pending']
  end
  return lags
end
