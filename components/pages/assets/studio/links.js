// Recipes in links: `/studio#recipe=<base64url of deflated JSON>`. The JSON is the body of a request, nothing else.
import { words } from './words.js'

const MAX_LINK_CHARS = 200_000
const MAX_RECIPE_BYTES = 2_000_000
const PREFIX = '#recipe='

async function collected(stream, limit) {
  const parts = []
  let size = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > limit) {
      reader.cancel().catch(() => {})
      throw new Error(words.linkTooLong)
    }
    parts.push(value)
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

const through = (bytes, transform) => new Blob([bytes]).stream().pipeThrough(transform)

/**
 * Returns the address of the studio with a recipe.
 * @param {object} body the body of a request that draws
 * @param {string} [origin] for a complete address
 * @returns {Promise<string>}
 */
export async function recipeLink(body, origin = '') {
  const deflated = await collected(through(new TextEncoder().encode(JSON.stringify(body)), new CompressionStream('deflate')), MAX_RECIPE_BYTES)
  let binary = ''
  for (const byte of deflated) binary += String.fromCharCode(byte)
  return `${origin}/studio${PREFIX}${btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

/** Returns whether the fragment of an address is a recipe. */
export const isRecipe = (fragment) => fragment.startsWith(PREFIX)

/**
 * Returns the recipe of a fragment. Throws an Error with a text for the user; the work is bounded whatever the link contains.
 * @param {string} fragment
 * @returns {Promise<object>}
 */
export async function recipeOf(fragment) {
  const text = fragment.slice(PREFIX.length).split('&')[0]
  if (text.length > MAX_LINK_CHARS) throw new Error(words.linkTooLong)
  let body
  try {
    const binary = atob(decodeURIComponent(text).replaceAll('-', '+').replaceAll('_', '/'))
    const deflated = Uint8Array.from(binary, (one) => one.charCodeAt(0))
    const json = await collected(through(deflated, new DecompressionStream('deflate')), MAX_RECIPE_BYTES)
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch (error) {
    throw error.message === words.linkTooLong ? error : new Error(words.linkDamaged)
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new Error(words.linkNotRecipe)
  return body
}
