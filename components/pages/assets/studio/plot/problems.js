// Sentences for what the reader of foreign drawings left out or changed.
import { metres, plural } from './words.js'

const ACTIONS = { ignored: 'left out', hidden: 'not visible', cropped: 'cut off', replaced: 'replaced', approximated: 'simplified' }
const KINDS = {
  style: 'style', number: 'unreadable number', transform: 'unreadable transform', 'stroke-dasharray': 'dash pattern', pens: 'pen', 'no-pen': 'stroke without a pen',
  marker: 'marker', 'layer-code': 'layer code', instruction: 'instruction', glyphs: 'missing glyph', entity: 'entity', command: 'command', unknown: 'unknown element',
  'clip-path': 'clip path', 'wide-stroke': 'wide stroke', viewBox: 'view box', use: 'reference', text: 'text', 'tangled-fill': 'tangled fill', spline: 'spline',
  selector: 'selector', 'path-data': 'broken path', 'paper-colour': 'shape in the colour of the paper', 'page-size': 'page size', 'other-pages': 'further page', mask: 'mask',
  'line-type': 'line type', layer: 'layer', junk: 'unreadable place', invisible: 'invisible shape', filter: 'filter', fill: 'fill', far: 'shape far off the page', empty: 'empty element',
  covers: 'cover', covered: 'covered stroke', block: 'block', 'at-rule': 'style rule', arc: 'arc', 'off-page': 'stroke off the page', image: 'image', metadata: 'metadata',
  script: 'script', foreignObject: 'embedded HTML', animate: 'animation', title: 'title', gradient: 'gradient', pattern: 'pattern',
}

/**
 * Returns a problem as a phrase, such as `3 dash patterns simplified`.
 * @param {{kind: string, action: string, count: number, mm?: number, mm2?: number, names?: string[]}} problem
 */
export function problemText({ kind, action, count: found, mm, mm2, names }) {
  const what = plural(found, KINDS[kind] || kind)
  const amount = mm ? `, ${metres(mm)} of line` : mm2 ? `, ${Math.round(mm2 / 10) / 10} cm²` : ''
  const which = names?.length ? `: ${names.slice(0, 12).join(' ')}` : ''
  return `${what} ${ACTIONS[action] || action}${amount}${which}`
}
