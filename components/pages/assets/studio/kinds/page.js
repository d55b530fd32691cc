// What all designs on a page share: its size, and how a new page begins.

// Old plotters do not reach the outer 14 mm of their paper.
const MARGIN_MM = 15
const PAGE = { paper: 'a4', orientation: 'portrait', margin: MARGIN_MM }

/** Returns the members of a new page, with a random seed. */
export const newPage = () => ({ ...PAGE, seed: randomSeed() })

/** Returns a random seed that is short enough to be noted down. */
export const randomSeed = () => Math.floor(Math.random() * 100_000)

/**
 * Returns width and height of the page of a recipe, in mm.
 * @param {object} body
 * @param {import('../catalogue.js').Catalogue} catalogue
 */
export function pageSize(body, catalogue) {
  const [name, turned] = String(body.paper || body.page || '').split(' ')
  const paper = catalogue.papers.get(name)
  if (!paper) return [body.width || 210, body.height || 297]
  const across = turned === 'landscape' || body.orientation === 'landscape'
  return across ? [paper.height, paper.width] : [paper.width, paper.height]
}

/** Returns the margin of a recipe, in mm; the default is that of the API. */
export function marginOf(body, [width, height]) {
  return body.margin ?? Math.min(10, Math.min(width, height) / 10)
}

export const pageGroups = [
  { id: 'page', names: ['paper', 'orientation', 'width', 'height', 'margin'] },
  { id: 'pen', names: ['pen_width'] },
]
