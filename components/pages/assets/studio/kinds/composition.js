// A page of several elements on layers: POST /artboard/create with `elements`.
import { words } from '../words.js'
import { newPage, pageGroups, pageSize, randomSeed } from './page.js'

export const composition = {
  id: 'composition',
  operation: 'create_artboard',
  hasSeed: true,
  hidden: ['complexity', 'id', 'pattern', 'params', 'seed', 'elements', 'layers', 'optimize', 'encoding'],
  groups: pageGroups,
  matches: (body) => Array.isArray(body.elements),
  // Another version may have stored the body.
  title: (body) => String([body.elements].flat().find((one) => one?.type === 'text')?.text ?? '').split('\n')[0].slice(0, 40) || words.composition,
  initial: (catalogue, name) => STARTS[name](newPage(), catalogue),
  ownMembers: ({ pattern, params, complexity, id, ...body }) => ({ ...body, elements: body.elements || [] }),
}

const INK = { name: 'ink', color: '#1b2536' }

// Beginnings of compositions. Boxes are in mm on the page that is passed.
const STARTS = {
  lettering: (page, catalogue) => {
    const [width, height] = pageSize(page, catalogue)
    return {
      ...page,
      layers: [INK],
      elements: [{ type: 'text', text: words.firstText, font: 'scriptc', layer: 'ink', box: { x: 25, y: height / 2 - 40, width: width - 50, height: 80 } }],
    }
  },
  poster: (page, catalogue) => {
    const [width, height] = pageSize(page, catalogue)
    const side = width - 40
    return {
      ...page,
      layers: [{ name: 'ink', color: '#1b2536' }, { name: 'sun', color: '#c43d1e', pen_width: 0.5 }],
      elements: [
        { type: 'pattern', pattern: 'flow_field', layer: 'ink', outline: 'circle', box: { x: 20, y: 25, width: side, height: side } },
        { type: 'text', text: 'NOCTURNE', font: 'rowmans', layer: 'sun', letter_spacing: 0.35, box: { x: 20, y: height - 72, width: side, height: 18 } },
        { type: 'text', text: words.firstSubtitle, font: 'futural', layer: 'ink', box: { x: 50, y: height - 45, width: width - 100, height: 9 } },
      ],
    }
  },
  layers: (page, catalogue) => {
    const [width, height] = pageSize(page, catalogue)
    return {
      ...page,
      layers: [{ name: 'sea', color: '#1f5a75' }, { name: 'sun', color: '#d1662a', pen_width: 0.5 }],
      elements: [
        { type: 'pattern', pattern: 'noise_lines', layer: 'sea', box: { x: 15, y: height * 0.42, width: width - 30, height: height * 0.58 - 15 } },
        { type: 'circle', layer: 'sun', hatch: { spacing: 2, angle: 0 }, box: { x: width / 2 - 40, y: 55, width: 80, height: 80 } },
      ],
    }
  },
  blank: (page) => ({ ...page, layers: [INK], elements: [{ type: 'rect', layer: 'ink', box: { x: 15, y: 15, width: 180, height: 267 } }] }),
}
export const STARTS_OF_COMPOSITIONS = Object.keys(STARTS)

/** Returns a pattern's recipe as a composition with that pattern as its only element: the same drawing, with a layer to choose its ink. */
export function composed({ pattern, params, ...page }) {
  return { ...page, layers: [INK], elements: [{ type: 'pattern', pattern, params: params || {}, layer: 'ink' }], seed: page.seed ?? randomSeed() }
}
