// A photo drawn by a pattern: POST /photos/plot.
import { nameOf, words } from '../words.js'
import { newPage, pageGroups } from './page.js'

export const photo = {
  id: 'photo',
  operation: 'plot_photo',
  hasSeed: true,
  hidden: ['photo', 'pattern', 'params', 'seed', 'optimize', 'encoding'],
  groups: [{ id: 'params', inside: 'params' }, ...pageGroups],
  // The photo itself replaces this parameter.
  hiddenParams: ['image'],
  matches: (body) => typeof body.photo === 'string',
  title: (body) => `Photo, ${nameOf(body.pattern || 'stipple').toLowerCase()}`,
  initial: (catalogue, name, source) => ({ ...newPage(), photo: source, pattern: name, params: {} }),
  ownMembers: (body) => ({ pattern: 'stipple', params: {}, ...body }),
  missing: (body) => (body.photo ? '' : words.photoMissing),
}
