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
