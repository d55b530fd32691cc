// A design of one pattern: POST /artboard/create.
import { nameOf } from '../words.js'
import { newPage, pageGroups } from './page.js'

const PAGE_MEMBERS = ['paper', 'orientation', 'width', 'height', 'margin', 'pen_width', 'encoding', 'seed', 'optimize']

// Parameters that do not make a drawing another one, or that need a picture.
const STEADY = ['tolerance', 'image', 'iterations', 'channel']

export const pattern = {
  id: 'pattern',
  operation: 'create_artboard',
  hasSeed: true,
  // Members that the form does not show: they belong to compositions, or have their own controls.
  hidden: ['layers', 'elements', 'complexity', 'id', 'pattern', 'params', 'seed', 'optimize', 'encoding'],
  groups: [{ id: 'params', inside: 'params' }, ...pageGroups],
  matches: (body) => !body.elements,
  title: (body) => nameOf(body.pattern || 'spiral'),
  initial: (catalogue, name) => ({ ...newPage(), pattern: name, params: {} }),
  // The members of a composition are no part of this kind of design.
  ownMembers: ({ layers, elements, complexity, id, ...body }) => ({ pattern: 'spiral', params: {}, ...body }),
  instant: drawPath,
}

/**
 * Returns other parameters at random: choices, and numbers near their defaults. The names are in the order of the schema.
 * @param {object} schema of the parameters
 */
export function surprise(schema) {
  const params = {}
  for (const [name, one] of Object.entries(schema.properties)) {
    if (STEADY.includes(name) || one.default === null || one.default === undefined) continue
    if (one.enum) params[name] = one.enum[Math.floor(Math.random() * one.enum.length)]
    if (!['number', 'integer'].includes(one.type)) continue
    const value = one.default * 2 ** (Math.random() * 1.4 - 0.7)
    const near = one.type === 'integer' ? Math.round(value) : Number(value.toPrecision(2))
    params[name] = Math.min(one.maximum ?? Infinity, Math.max(one.minimum ?? -Infinity, near))
  }
  return params
}

/**
 * Returns the address at which the service draws a recipe during the request.
 * @param {object} body
 * @param {object} changes members that differ, such as `optimize`
 * @param {string} extension
 */
export function drawPath(body, changes = {}, extension = 'svg') {
  const query = new URLSearchParams()
  const add = (name, value) => {
    if (value !== null && value !== undefined) query.set(name, typeof value === 'object' ? JSON.stringify(value) : value)
  }
  for (const name of PAGE_MEMBERS) add(name, { ...body, ...changes }[name])
  for (const [name, value] of Object.entries(body.params || {})) add(PAGE_MEMBERS.includes(name) ? `params.${name}` : name, value)
  return `/draw/${encodeURIComponent(body.pattern || 'spiral')}.${extension}?${query}`
}
