// Where a drawing is stored: the result of a job or a drawing of the gallery, with the token of a link if there is one.
import { callApi } from '/assets/access.js'

/** @typedef {{job?: string, drawing?: string, token?: string}} Source */

/** Returns the path of the file of a drawing. @param {Source} source */
export const pathOf = (source) => (source.job ? `/jobs/${source.job}/result` : `/gallery/${source.drawing}/drawing.svg`)

/**
 * Returns the address of the file of a drawing, in a format if `parameters` name one.
 * @param {Source} source
 * @param {object} [parameters] of the query
 */
export function addressOf(source, parameters = {}) {
  const query = new URLSearchParams(parameters)
  if (source.token) query.set('token', source.token)
  return `${pathOf(source)}${query.size ? `?${query}` : ''}`
}

/**
 * Fetches an address; while the server draws for others (503), it is asked again, for some seconds.
 * @param {string} address
 * @param {{signal?: AbortSignal, headers?: object}} [options]
 * @returns {Promise<Response>}
 */
export async function fetchPatiently(address, options = {}) {
  for (let left = 6; ; left -= 1) {
    try {
      return await callApi(address, options)
    } catch (error) {
      if (error.status !== 503 || !left) throw error
      await new Promise((done) => { setTimeout(done, 1000 * Math.min(error.retryAfter || 2, 4)) })
      options.signal?.throwIfAborted()
    }
  }
}

/**
 * Fetches a drawing in a format.
 * @param {Source} source
 * @param {object} parameters of the query
 * @param {AbortSignal} [signal]
 */
export const fetchDrawing = (source, parameters, signal) => fetchPatiently(addressOf(source, parameters), { signal })

// What is known of drawings whose strokes were fetched.
const MAX_SUMMARIES = 20
const summaries = new Map()

/**
 * Fetches strokes, times, figures and checks of a drawing for a machine.
 * @param {Source} source
 * @param {{profile?: string, coordinates?: boolean}} options
 * @param {AbortSignal} [signal]
 */
export function fetchStrokes(source, { profile, coordinates = true }, signal) {
  const parameters = { format: 'strokes', ...(profile ? { profile } : {}), ...(coordinates ? {} : { coordinates: 'false' }) }
  const report = fetchDrawing(source, parameters, signal).then((reply) => reply.json())
  const path = pathOf(source)
  const summary = report.then(({ width, height, layers }) => ({ page: { width, height }, layers }))
  summary.catch(() => { if (summaries.get(path) === summary) summaries.delete(path) })
  summaries.set(path, summary)
  if (summaries.size > MAX_SUMMARIES) summaries.delete(summaries.keys().next().value)
  return report
}

/**
 * Returns the size of the page in mm and the layers with their pens.
 * @param {Source} source
 * @returns {Promise<{page: {width: number, height: number}, layers: object[]}>}
 */
export async function summaryOf(source) {
  // The plot view may be loading the strokes.
  const known = summaries.get(pathOf(source))
  try {
    if (known) return await known
  } catch {
    // It was aborted.
  }
  const { width, height, layers } = await fetchStrokes(source, { coordinates: false })
  return { page: { width, height }, layers }
}
