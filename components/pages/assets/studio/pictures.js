// Small pictures of patterns and choices, loaded when they come into view.
import { callApi } from '/assets/access.js'
import { useListener } from './hooks.js'
import { html, useEffect, useRef, useState } from './ids.js'
import { pause } from './jobs.js'
import { drawInTurn } from './turns.js'

const MAX_TRIES = 10
const RETRY_MS = 2000
const MAX_KEPT = 300
const kept = new Map()
const loaded = new Map()
// How many components show a picture: one that was left is not drawn, so that the next page need not wait for it.
const wanted = new Map()
const count = (path, by) => wanted.set(path, (wanted.get(path) || 0) + by)

async function load(path) {
  for (let left = MAX_TRIES; ; left -= 1) {
    try {
      const url = await drawInTurn(async () => {
        if (!wanted.get(path)) throw new Error('not wanted')
        return URL.createObjectURL(await (await callApi(path)).blob())
      })
      loaded.set(path, url)
      return url
    } catch (error) {
      if (!left || !(error.offline || error.status === 503)) throw error
      await pause(Math.max(RETRY_MS, error.retryAfter * 1000))
    }
  }
}

function picture(path) {
  if (!kept.has(path)) {
    const promise = load(path)
    promise.catch(() => kept.delete(path))
    kept.set(path, promise)
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value)
  }
  return kept.get(path)
}

/** Returns the address of a picture that is loaded already, or undefined. */
export const knownPicture = (path) => loaded.get(path)

/**
 * A picture that is loaded when it comes near to the visible part of the page.
 * @param {{path: string, alt?: string, class?: string, delay?: number}} properties `delay` in ms lets pictures that take long wait
 */
export function Picture({ path, alt = '', class: className = '', delay = 0 }) {
  const node = useRef(null)
  const [url, setUrl] = useState('')
  const [failed, setFailed] = useState(false)
  const [attempt, setAttempt] = useState(0)
  useListener(window, 'studio-key', () => { if (failed) setAttempt(attempt + 1) })
  useEffect(() => {
    let current = true
    count(path, 1)
    setUrl('')
    setFailed(false)
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((one) => one.isIntersecting)) return
      observer.disconnect()
      setTimeout(() => {
        if (current) picture(path).then((found) => current && setUrl(found), () => current && setFailed(true))
      }, knownPicture(path) ? 0 : delay)
    }, { rootMargin: '300px' })
    observer.observe(node.current)
    return () => { current = false; count(path, -1); observer.disconnect() }
  }, [path, attempt])
  return html`<span ref=${node} class=${`thumb ${className} ${failed ? 'failed' : url ? '' : 'awaited'}`}>${url && html`<img src=${url} alt=${alt} decoding="async" />`}</span>`
}
