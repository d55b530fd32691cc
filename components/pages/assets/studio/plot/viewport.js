// The part of the page that is shown: the page position of the upper left corner in mm, and pixels per mm.
const MAX_SCALE = 400
const EDGE_PX = 28

/** @typedef {{x: number, y: number, scale: number}} View */

/**
 * Returns the view of a whole page.
 * @param {{width: number, height: number}} page in mm
 * @param {{width: number, height: number}} size in pixels
 * @returns {View}
 */
export function fitted(page, size) {
  const edge = Math.min(EDGE_PX, size.width / 12)
  const scale = Math.max(0.01, Math.min((size.width - 2 * edge) / page.width, (size.height - 2 * edge) / page.height))
  return { scale, x: page.width / 2 - size.width / 2 / scale, y: page.height / 2 - size.height / 2 / scale }
}

/** Returns a view enlarged by a factor about a point in pixels, between half of `least` and 400 pixels per mm. @returns {View} */
export function zoomed(view, factor, [left, top], least) {
  const scale = Math.min(MAX_SCALE, Math.max(least / 2, view.scale * factor))
  return { scale, x: view.x + left / view.scale - left / scale, y: view.y + top / view.scale - top / scale }
}

/** Returns a view moved by pixels; a part of the page stays in view. @returns {View} */
export function moved(view, [left, top], page, size) {
  const clamp = (value, least, most) => Math.min(most, Math.max(least, value))
  const [wide, tall] = [size.width / view.scale, size.height / view.scale]
  return {
    ...view,
    x: clamp(view.x - left / view.scale, -0.8 * wide, page.width - 0.2 * wide),
    y: clamp(view.y - top / view.scale, -0.8 * tall, page.height - 0.2 * tall),
  }
}

/** Returns a view of 60 mm about a place on the page. @returns {View} */
export function about([x, y], page, size) {
  const scale = Math.max(fitted(page, size).scale, Math.min(size.width, size.height) / 60)
  return { scale, x: x - size.width / 2 / scale, y: y - size.height / 2 / scale }
}

/** Returns the position on the page of a point in pixels, in mm. */
export const positionOf = (view, [left, top]) => [view.x + left / view.scale, view.y + top / view.scale]

export const sameView = (one, other) => one.x === other.x && one.y === other.y && one.scale === other.scale
