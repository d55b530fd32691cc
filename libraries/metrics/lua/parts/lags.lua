-- Return how far each subscriber of a journal is behind: its name and the number of entries that it has not handled, one after the
-- other. Counts no further than 10,000 where the broker does not know the number.
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
