// Pictures of finished jobs. They are fetched one after the other, with the key where there is one, and shown from memory.
import { ask } from '/assets/access.js'

const MOST_KEPT = 80
const MOST_TRIES = 5
const PAUSE = 2000

const kept = new Map()
const waiting = []
let busy = false

export const nameOf = (job) => `${job.links.preview} ${job.artifacts.map((one) => one.sha256).join(' ')}`

const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds) })

// Gives an image the picture of a job; `onNone` hears that there is none.
export function show(image, job, onNone = () => {}) {
  const name = nameOf(job)
  if (image.dataset.picture === name) return
  image.dataset.picture = name
  image.hidden = true
  waiting.push({ image, name, address: `${job.links.preview}?width=480`, onNone })
  if (!busy) work()
}

async function work() {
  busy = true
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { image, name, address, onNone } = next
    // It may have gone, or show another job, by now.
    if (!image.isConnected || image.dataset.picture !== name) continue
    try {
      image.src = kept.get(name) || keep(name, await fetched(address))
      image.hidden = false
    } catch {
      onNone()
    }
  }
  busy = false
}

// The server draws a few at a time, and may ask to come again.
async function fetched(address, tries = 1) {
  try {
    return URL.createObjectURL(await (await ask(address)).blob())
  } catch (error) {
    const passing = error.status === undefined || error.status === 429 || error.status === 503
    if (!passing || tries === MOST_TRIES) throw error
    await pause(PAUSE)
    return fetched(address, tries + 1)
  }
}

function keep(name, address) {
  kept.set(name, address)
  if (kept.size > MOST_KEPT) {
    const [oldest, old] = kept.entries().next().value
    kept.delete(oldest)
    URL.revokeObjectURL(old)
  }
  return address
}
