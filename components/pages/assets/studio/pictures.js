// Small pictures of patterns and choices. The server draws two at once; more would be refused, so they wait here.
import { callApi } from '/assets/access.js'
import { html, useEffect, useRef, useState } from './ids.js'
import { pause } from './jobs.js'

const AT_ONCE = 2
const MAX_TRIES = 5
const MAX_KEPT = 300
const waiting = []
const kept = new Map()
let running = 0

async function load(path) {
  for (let left = MAX_TRIES; ; left -= 1) {
    try {
      return URL.createObjectURL(await (await callApi(path)).blob())
    } catch (error) {
      if (!left || !(error.offline || error.status === 503)) throw error
      await pause(Math.max(500, error.retryAfter * 1000))
    }
  }
}

async function work() {
  if (running >= AT_ONCE) return
  const next = waiting.shift()
  if (!next) return
  running += 1
  try {
    next.done(await load(next.path))
  } catch (error) {
    kept.delete(next.path)
    next.fail(error)
  }
  running -= 1
  work()
}

function picture(path) {
  if (!kept.has(path)) {
    const promise = new Promise((done, fail) => { waiting.push({ path, done, fail }) })
    kept.set(path, promise)
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value)
    work()
  }
  return kept.get(path)
}

/** A picture that is loaded when it comes near to the visible part of the page. */
export function Picture({ path, alt = '', class: className = '' }) {
  const node = useRef(null)
  const [url, setUrl] = useState('')
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    let current = true
    setUrl('')
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((one) => one.isIntersecting)) return
      observer.disconnect()
      picture(path).then((found) => current && setUrl(found), () => current && setFailed(true))
    }, { rootMargin: '300px' })
    observer.observe(node.current)
    return () => { current = false; observer.disconnect() }
  }, [path])
  return html`<span ref=${node} class=${`thumb ${className} ${failed ? 'failed' : ''}`}>${url && html`<img src=${url} alt=${alt} decoding="async" />`}</span>`
}
