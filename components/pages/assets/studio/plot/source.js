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
 * Fetches a drawing in a format. Other exports may be running; they are waited for.
 * @param {Source} source
 * @param {object} parameters of the query
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
export async function fetchDrawing(source, parameters, signal) {
  for (let left = 4; ; left -= 1) {
    try {
      return await callApi(addressOf(source, parameters), { signal })
    } catch (error) {
      if (error.status !== 503 || !left) throw error
      await new Promise((done) => { setTimeout(done, 1000 * Math.min(error.retryAfter || 2, 5)) })
      signal?.throwIfAborted()
    }
  }
}

/**
 * Fetches strokes, times, figures and checks of a drawing for a machine.
 * @param {Source} source
 * @param {{profile?: string, coordinates?: boolean}} options
 * @param {AbortSignal} [signal]
 */
export async function fetchStrokes(source, { profile, coordinates = true }, signal) {
  const parameters = { format: 'strokes', ...(profile ? { profile } : {}), ...(coordinates ? {} : { coordinates: 'false' }) }
  return (await fetchDrawing(source, parameters, signal)).json()
}
