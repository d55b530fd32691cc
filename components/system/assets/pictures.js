// Small pictures of drawings, fetched with the API key, if any, and shown from memory: one at a time, because the server renders
// one for each client. The latest request comes first, because it is for what the user sees now.
import { callApi } from '/assets/access.js'

const MAX_CACHED = 300
const MAX_ATTEMPTS = 6
const RETRY_MS = 1500

const cache = new Map()
const waiting = []
let isWorking = false

/**
 * Shows the picture at `address` in an image, which is hidden until then; calls `onNone` if there is none.
 * @param {HTMLImageElement} image
 * @param {string} address
 * @param {{ key?: string, onNone?: () => void }} [options] `key` changes when the picture at the address does
 */
export function showPicture(image, address, { key = address, onNone = () => {} } = {}) {
  if (image.dataset.picture === key) return
  image.dataset.picture = key
  image.hidden = true
  waiting.push({ image, key, address, onNone })
  if (!isWorking) work()
}

/** The picture of a finished job. */
export function showJob(image, job, onNone) {
  // Thumbnails are drawn at their size: a browser that reduces a larger picture breaks fine lines.
  const width = Math.min(480, Math.round(160 * window.devicePixelRatio))
  const key = `${job.links.preview} ${job.artifacts.map((one) => one.sha256).join(' ')}`
  showPicture(image, `${job.links.preview}?width=${width}`, { key, onNone })
}

/**
 * Returns a short name of a drawing. The size that a generated title has is shown elsewhere, and a composition is known by its patterns.
 * @param {{ title: string, patterns: string[] }} drawing
 * @returns {string} '' if it has none
 */
export function nameOf({ title, patterns }) {
  const own = title.replace(/, [\d.]+ x [\d.]+ mm$/, '')
  const isGenerated = own !== title && (/^Composition of \d+ elements?$/.test(own) || patterns.includes(own))
  const name = isGenerated && patterns.length ? patterns.join(', ').replaceAll('_', ' ') : own
  return name && name[0].toUpperCase() + name.slice(1)
}

async function work() {
  isWorking = true
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { image, key, address, onNone } = next
    // The image may have been removed or reused meanwhile.
    if (!image.isConnected || image.dataset.picture !== key) continue
    try {
      image.src = cache.get(key) || remember(key, await fetched(address))
      image.hidden = false
    } catch {
      if (image.dataset.picture === key) onNone()
    }
  }
  isWorking = false
}

// The server renders a few pictures at a time and may be busy.
async function fetched(address, attempt = 1) {
  try {
    return URL.createObjectURL(await (await callApi(address)).blob())
  } catch (error) {
    const temporary = [undefined, 429, 503].includes(error.status)
    if (!temporary || attempt === MAX_ATTEMPTS) throw error
    await new Promise((done) => { setTimeout(done, RETRY_MS) })
    return fetched(address, attempt + 1)
  }
}

function remember(key, address) {
  cache.set(key, address)
  if (cache.size > MAX_CACHED) {
    const [oldest, old] = cache.entries().next().value
    cache.delete(oldest)
    URL.revokeObjectURL(old)
  }
  return address
}
