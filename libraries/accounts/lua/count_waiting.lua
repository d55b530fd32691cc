-- Return the number of waiting jobs of an owner.
-- KEYS: 1 waiting jobs of the owner   ARGV: 1 time now
--@ waiting
drop_oldest(KEYS[1], 1000, tonumber(ARGV[1]))
return redis.call('ZCARD', KEYS[1])
