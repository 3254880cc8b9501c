/** What runs on the Redis server, in Lua. A script runs alone, and all that it writes is kept or nothing. */

/**
 * A record without a version was damaged: it is no expected one, and not absent.
 *
 * KEYS: the records. ARGV: the steps as JSON, whether the store must hold no other keys. Gives the keys that were not as
 * expected. JSON's null is `cjson.null`; what a step leaves out is nil.
 */
export const SWAP = `
local function version_at(key)
  local held = redis.call('HGET', KEYS[1], key)
  return held and (string.match(held, '^(%S*) ') or '') or cjson.null
end
local steps = cjson.decode(ARGV[1])
local failed, named = {}, {}
for _, step in ipairs(steps) do
  named[step.key] = true
  if step.expected ~= nil and version_at(step.key) ~= step.expected then
    table.insert(failed, step.key)
  end
end
if ARGV[2] == '1' and #failed == 0 then
  for _, key in ipairs(redis.call('HKEYS', KEYS[1])) do
    if not named[key] then table.insert(failed, key) end
  end
end
if #failed > 0 then return failed end
for _, step in ipairs(steps) do
  if step.next == cjson.null then redis.call('HDEL', KEYS[1], step.key)
  elseif step.next ~= nil then redis.call('HSET', KEYS[1], step.key, step.next) end
end
return {}`;

/**
 * KEYS: the lease. ARGV: owner, milliseconds. A script, so that no lease is taken by who may run none to give it back. Gives
 * 0, or 1 with the server's time: seconds and microseconds, where this user may ask for it.
 */
export const TAKE = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {0} end
local now = redis.pcall('TIME')
if now.err then return {1} end
return {1, now[1], now[2]}`;

/** KEYS: the lease. ARGV: owner, milliseconds. */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** KEYS: leases. Gives those that someone has. */
export const HELD = `
local held = {}
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) then table.insert(held, key) end
end
return held`;

/** KEYS: the lease. ARGV: owner. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * Only for the lease's owner. What is no sealed reply of this format, in Base64, is another's: it is left as it is, and
 * the script gives -1.
 */
const OWN_REPLY = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local held = redis.call('GET', KEYS[2])
if held and not string.find(held, '^A[Q-Za-f][%w+/]*=*$') then return -1 end`;

/** KEYS: the lease, the reply. ARGV: owner, the reply. */
export const PUT_REPLY = `${OWN_REPLY}
redis.call('SET', KEYS[2], ARGV[2])
return 1`;

/** KEYS: the lease, the reply. ARGV: owner, the reply that is erased; empty: whatever is there. */
export const DROP_REPLY = `${OWN_REPLY}
if ARGV[2] == '' or held == ARGV[2] then redis.call('DEL', KEYS[2]) end
return 1`;
