"""The Lua scripts of counters: units are held by somebody for a while, then kept for good or left to others.

A counter lies in two keys of one slot: how many units are taken, and a hash of the holds, each `units end` by its
holder (end 0: it never ends), with their sum under the empty name. Holds end by the server's clock: no worker whose
clock runs fast ends what another one holds, and a worker that knows how long ago it asked knows that its hold lasts.

A third key, of the holder alone, marks for a while that its hold was settled: to ask again then changes nothing.
"""

from decision.store.scripts import script

HOLD = script(
    """
local wanted, length = tonumber(ARGV[2]), tonumber(ARGV[4])
local settled = redis.call('EXISTS', KEYS[3]) == 1
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local free = tonumber(ARGV[3]) - tonumber(redis.call('GET', KEYS[1]) or 0)
local held = tonumber(redis.call('HGET', KEYS[2], '') or 0)
local mine = redis.call('HGET', KEYS[2], ARGV[1])
mine = mine and tonumber(string.match(mine, '%d+')) or 0
-- Holds that are over go where their units are missed: by this holder, or by another one that wants as many.
if not settled and free - held + mine < 2 * wanted then
  local holds = redis.call('HGETALL', KEYS[2])
  for i = 1, #holds, 2 do
    local units, ends = string.match(holds[i + 1], '(%d+) (%d+)')
    ends = tonumber(ends or 0)
    if ends > 0 and ends <= now and holds[i] ~= ARGV[1] then
      redis.call('HDEL', KEYS[2], holds[i])
      held = redis.call('HINCRBY', KEYS[2], '', -tonumber(units))
    end
  end
end
local left = free - held + mine
if settled then return math.max(left, 0) end
if left < wanted then return -1 - math.max(left, 0) end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%d %.0f', wanted, length > 0 and now + length or 0))
redis.call('HINCRBY', KEYS[2], '', wanted - mine)
if ARGV[5] ~= '' then redis.call('EXPIRE', KEYS[2], ARGV[5]) end
return left - wanted
"""
)
"""Arguments: holder, units, the most there are, milliseconds (0: for ever), ttl in seconds (or nothing).

Gives how many are left for others, or, where there are too few, -1 less how many there are for the holder. One that is
marked as settled has what it wants.
"""

SETTLE = script(
    """
if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
local mine = redis.call('HGET', KEYS[2], ARGV[1])
if not mine then return 0 end
mine = tonumber(string.match(mine, '%d+'))
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('HINCRBY', KEYS[2], '', -mine) == 0 then redis.call('DEL', KEYS[2]) end
local kept = math.min(tonumber(ARGV[2]), mine)
if kept > 0 then
  redis.call('INCRBY', KEYS[1], kept)
  if ARGV[3] ~= '' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
  if ARGV[4] ~= '' then redis.call('SET', KEYS[3], '', 'EX', ARGV[4]) end
end
return 1
"""
)
"""Arguments: holder, units kept, ttl in seconds (or nothing), how long the holder is marked in seconds (or nothing).

Gives 1, or 0 where nothing is held any more and nothing is known to be settled.
"""

COUNT = script(
    """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local held, holds = 0, redis.call('HGETALL', KEYS[2])
for i = 1, #holds, 2 do
  local units, ends = string.match(holds[i + 1], '(%d+) (%d+)')
  if ends and (tonumber(ends) == 0 or tonumber(ends) > now) then held = held + tonumber(units) end
end
return {tonumber(redis.call('GET', KEYS[1]) or 0), held}
"""
)
"""No arguments. Gives how many units are taken, and how many are held now."""
