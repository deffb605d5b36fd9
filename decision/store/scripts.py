"""The Lua scripts that make read-compare-write one step inside the server."""

from hashlib import sha1

import msgspec


class Script(msgspec.Struct, frozen=True):
    """A script and the hash the server knows it by."""

    source: str
    hash: str


def script(source: str) -> Script:
    """A script by its source."""
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


COMPARE_AND_PUT = script(
    """
local current = redis.call('GET', KEYS[1])
if ARGV[1] == '1' then
  if current ~= ARGV[2] then return 0 end
elseif current then
  return 0
end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' or redis.call('PTTL', KEYS[1]) == -1 then
  redis.call('SET', KEYS[1], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[4], 'EX', ARGV[5])
end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], '1', 'EX', ARGV[4 + i])
end
return 1
"""
)
"""Keys: the value's, then the marks'. Arguments: 1 and the value expected, 1 (put) and the value, ttl, marks' ttls."""

_APPENDED = """
if ARGV[2] ~= '' and redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[2]) then return -1 end
if ARGV[3] ~= '' and redis.call('GETRANGE', KEYS[1], -#ARGV[3], -1) ~= ARGV[3] then return -1 end
local mortal = ARGV[4] ~= '' and redis.call('PTTL', KEYS[1]) ~= -1
local length = redis.call('APPEND', KEYS[1], ARGV[1])
if mortal then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
"""

APPEND = script(f"{_APPENDED}return length")
"""Keys: the string's. Arguments: what to append; the length, the end and the ttl expected, or nothing for each."""

APPEND_WITH = script(
    _APPENDED
    + """
redis.call('XADD', KEYS[2], '*', 'e', ARGV[5])
if ARGV[7] == '' then
  redis.call('SET', KEYS[3], ARGV[6])
else
  redis.call('SET', KEYS[3], ARGV[6], 'EX', ARGV[7])
end
return length
"""
)
"""Keys: the string's, the log's, the value's. Arguments: as `APPEND`, then the entry, and the value and its ttl."""

APPEND_ONCE = script(
    """
local receipt = redis.call('GET', KEYS[2])
if receipt then return receipt end
if ARGV[2] ~= '' and redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[2]) then return -1 end
if ARGV[3] ~= '' and redis.call('GETRANGE', KEYS[1], -#ARGV[3], -1) ~= ARGV[3] then return -1 end
local length
if ARGV[1] == '' then
  length = redis.call('STRLEN', KEYS[1])
else
  local mortal = ARGV[4] ~= '' and redis.call('PTTL', KEYS[1]) ~= -1
  length = redis.call('APPEND', KEYS[1], ARGV[1])
  if mortal then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
end
if ARGV[6] == '' then
  redis.call('SET', KEYS[2], ARGV[5])
else
  redis.call('SET', KEYS[2], ARGV[5], 'EX', ARGV[6])
end
return length
"""
)
"""Keys: the string's, the receipt's. Arguments: as `APPEND`, then the receipt and its ttl (or nothing)."""

SWAP = script(
    """
local current = redis.call('GET', KEYS[1])
if ARGV[1] == '1' then
  if current ~= ARGV[2] then return 0 end
elseif current then
  return 0
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[4])
end
redis.call('APPEND', KEYS[2], ARGV[5])
for i = 2, #KEYS do
  if ARGV[6] == '' then
    redis.call('PERSIST', KEYS[i])
  else
    redis.call('EXPIRE', KEYS[i], ARGV[6])
  end
end
return 1
"""
)
"""Keys: the value's, the string's, others'.

Arguments: 1 and the value expected, 1 and the value, what to append, ttl.
"""
