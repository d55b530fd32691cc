// A design of one pattern: POST /artboard/create.
import { nameOf } from '../words.js'
import { newPage, pageGroups } from './page.js'

const PAGE_MEMBERS = ['paper', 'orientation', 'width', 'height', 'margin', 'pen_width', 'encoding', 'seed', 'optimize']

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
