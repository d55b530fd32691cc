// Previews of finished jobs, fetched one after the other with the API key, if any, and shown from memory.
import { callApi } from '/assets/access.js'

const MAX_CACHED = 80
const MAX_ATTEMPTS = 5
const RETRY_MS = 2000
// Thumbnails are drawn at their size: a browser that reduces a larger picture breaks fine lines.
const WIDTH_PX = Math.min(480, Math.round(160 * window.devicePixelRatio))

const cache = new Map()
const waiting = []
let busy = false

const cacheKey = (job) => `${job.links.preview} ${job.artifacts.map((one) => one.sha256).join(' ')}`

// Shows the preview of a job in an image; calls `onNone` if there is none.
export function show(image, job, onNone = () => {}) {
  const key = cacheKey(job)
  if (image.dataset.picture === key) return
  image.dataset.picture = key
  image.hidden = true
  waiting.push({ image, key, address: `${job.links.preview}?width=${WIDTH_PX}`, onNone })
  if (!busy) work()
}

async function work() {
  busy = true
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { image, key, address, onNone } = next
    // The image may have been removed or reused meanwhile.
    if (!image.isConnected || image.dataset.picture !== key) continue
    try {
      image.src = cache.get(key) || remember(key, await fetched(address))
      image.hidden = false
    } catch {
      onNone()
    }
  }
  busy = false
}

// The server renders a few previews at a time and may be busy.
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
