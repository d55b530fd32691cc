// Jobs: queue one, follow its events, cancel it. Streams are read with `fetch`, because an EventSource cannot send a key.
import { callApi } from '/assets/access.js'
import { words } from './words.js'

const RETRY_MS = 1500
const MAX_TROUBLES = 120
const FINAL = new Set(['finished', 'failed', 'canceled'])

export const pause = (ms, signal) => new Promise((done, fail) => {
  const timer = setTimeout(done, ms)
  signal?.addEventListener('abort', () => { clearTimeout(timer); fail(signal.reason) }, { once: true })
})

/** Returns the newest state of a job. */
export const jobOf = async (id, signal) => (await callApi(`/jobs/${id}`, { signal })).json()

/**
 * Queues a job; the same key queues it once, however often the request is repeated.
 * @param {string} path
 * @param {object|FormData} body
 * @param {{signal?: AbortSignal, key?: string, onTrouble?: (error: Error) => void}} options
 * @returns {Promise<object>} the reply, with `job_id`
 */
export async function queue(path, body, { signal, key = crypto.randomUUID?.() || String(Math.random()), onTrouble = () => {} } = {}) {
  const sent = body instanceof FormData ? body : JSON.stringify(body)
  const headers = { 'Idempotency-Key': key, Prefer: 'respond-async' }
  for (let trouble = 0; ; trouble += 1) {
    try {
      return await (await callApi(path, { method: 'POST', body: sent, signal, headers })).json()
    } catch (error) {
      const passing = error.offline || [429, 503].includes(error.status)
      if (!passing || trouble === MAX_TROUBLES) throw error
      onTrouble(error)
      await pause(Math.max(RETRY_MS, error.retryAfter * 1000), signal)
    }
  }
}

/** Cancels a job that nothing waits for any more; it may have ended meanwhile. */
export const cancel = (id) => callApi(`/jobs/${id}/cancel`, { method: 'POST', keepalive: true }).catch(() => {})

/** Deletes a job with its files, if it is still there. */
export const remove = (id) => callApi(`/jobs/${id}`, { method: 'DELETE', keepalive: true }).catch(() => {})

/** Ends a search for a better order; the best order so far is the result. */
export const finish = (id) => callApi(`/jobs/${id}/finish`, { method: 'POST' })

/**
 * Follows a job to its end and returns its final state. Throws an Error with a text for the user if it failed or was canceled.
 * A lost connection is taken up again where it broke.
 * @param {string} id
 * @param {{signal?: AbortSignal, onProgress?: (job: object) => void, onTrouble?: (error: Error) => void}} options
 */
export async function follow(id, { signal, onProgress = () => {}, onTrouble = () => {} } = {}) {
  const seen = { last: '', job: null }
  for (let trouble = 0; ; trouble += 1) {
    try {
      const ended = await readEvents(id, seen, signal, onProgress)
      if (ended) return succeeded(await jobOf(id, signal))
    } catch (error) {
      const passing = error.offline || error.name === 'TypeError' || error.status >= 429
      if (!passing || trouble === MAX_TROUBLES) throw error.status === 404 ? new Error(words.jobGone) : error
      onTrouble(error)
    }
    await pause(RETRY_MS, signal)
  }
}

function succeeded(job) {
  if (job.status === 'finished') return job
  throw Object.assign(new Error(job.error || words.jobFailed), { job })
}

async function readEvents(id, seen, signal, onProgress) {
  const headers = { Accept: 'text/event-stream', ...(seen.last ? { 'Last-Event-ID': seen.last } : {}) }
  const reply = await callApi(`/jobs/${id}/events`, { signal, headers })
  if (reply.status === 204) return true
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return false
    text = (text + value).replaceAll('\r\n', '\n')
    const blocks = text.split('\n\n')
    text = blocks.pop()
    for (const event of blocks.map(parsedEvent)) {
      if (event.id) seen.last = event.id
      if (FINAL.has(event.event)) {
        reader.cancel().catch(() => {})
        return true
      }
      if (event.data && ['status', 'progress'].includes(event.event)) {
        seen.job = { ...seen.job, ...stateOf(event) }
        onProgress(seen.job)
      }
    }
  }
}

// A `status` event has the job or its new state, a `progress` event only the progress.
function stateOf({ event, data }) {
  const value = JSON.parse(data)
  return event === 'progress' ? { progress: value.progress || value } : value
}

function parsedEvent(block) {
  const event = { event: 'message', data: '' }
  for (const line of block.split('\n')) {
    const [name, ...rest] = line.split(':')
    const value = rest.join(':').replace(/^ /, '')
    if (name === 'data') event.data += (event.data && '\n') + value
    else if (name) event[name] = value
  }
  return event
}
