// The API key, where one is needed. It is kept for this tab alone, and goes to this server alone.
const NAME = 'vector-api-key'

export const getKey = () => sessionStorage.getItem(NAME) || ''

export function setKey(key) {
  if (key) sessionStorage.setItem(NAME, key)
  else sessionStorage.removeItem(NAME)
  dispatchEvent(new Event('keychange'))
}

// Headers and base64 take bytes written as characters; these are the bytes that other clients send.
const asBytes = (text) => String.fromCharCode(...new TextEncoder().encode(text))

function headers() {
  const key = getKey()
  return key ? { Authorization: `Bearer ${asBytes(key)}` } : {}
}

// A WebSocket cannot carry headers: the key goes among the names of subprotocols.
export function protocols() {
  const key = getKey()
  if (!key) return []
  const encoded = btoa(asBytes(key)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  return ['vector-api', `bearer.${encoded}`]
}

// Sends a request to this server. Throws an Error whose text is for the user, with the `status` and the `problem` document of the
// response if there was one; `offline` if there was none. A request that `options.signal` aborts throws that signal's reason.
export async function callApi(path, options = {}) {
  let reply
  try {
    // The browser sets the type of a form, with its boundary.
    const type = typeof options.body === 'string' ? { 'Content-Type': 'application/json' } : {}
    const sent = { Accept: 'application/json, */*;q=0.5', ...type, ...headers(), ...options.headers }
    reply = await fetch(path, { ...options, headers: sent })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw Object.assign(new Error('The server cannot be reached.'), { offline: true, retryAfter: 0 })
  }
  if (reply.ok) return reply
  const problem = await reply.json().catch(() => ({}))
  const mistakes = (problem.errors || []).map((one) => one.detail).join(' ')
  const text = mistakes || problem.detail || `The server replied ${reply.status}.`
  const retryAfter = Number(reply.headers.get('Retry-After')) || 0
  throw Object.assign(new Error(text), { status: reply.status, problem, retryAfter })
}
