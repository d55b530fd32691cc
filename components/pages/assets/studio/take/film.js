// Drawings that draw themselves in their true stroke order: as an animated SVG, and picture by picture for a video.
import { addPart, addStrokes } from '../plot/sheet.js'

// More animated elements make browsers slow.
const MAX_ELEMENTS = 1500
const FILM_PX = 1080

const number = (value) => String(Math.round(value * 1000) / 1000)
const escaped = (text) => String(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`)

/** Returns groups of pieces of one pen, as few as needed: first and upto. */
function groupsOf({ length, pens }, most) {
  const size = Math.ceil(length / most)
  const groups = []
  for (let first = 0; first < length;) {
    let upto = first + 1
    while (upto < length && upto - first < size && pens[upto] === pens[first]) upto += 1
    groups.push({ first, upto })
    first = upto
  }
  return groups
}

function pathData({ offsets, coordinates }, first, upto) {
  const parts = []
  for (let piece = first; piece < upto; piece += 1) {
    const points = []
    for (let at = 2 * offsets[piece]; at < 2 * offsets[piece + 1]; at += 2) points.push(`${number(coordinates[at])},${number(coordinates[at + 1])}`)
    // A dot is a line of no length.
    parts.push(`M${points.length === 1 ? `${points[0]} ${points[0]}` : points.join(' ')}`)
  }
  return parts.join('')
}

/**
 * Returns an SVG that draws itself. Each stroke takes its share of the time; with very many strokes, groups of them appear at once.
 * @param {import('../plot/strokes.js').Strokes} strokes
 * @param {import('../plot/strokes.js').Timeline} timeline
 * @param {{seconds: number, title: string}} options
 * @returns {{svg: string, groups: number}} `groups` is 0 if each stroke is drawn
 */
export function animatedSvg(strokes, timeline, { seconds, title }) {
  const factor = seconds / (timeline.duration || 1)
  const isDrawn = strokes.length <= MAX_ELEMENTS
  const groups = groupsOf(strokes, isDrawn ? strokes.length : MAX_ELEMENTS)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${number(strokes.width)}mm" height="${number(strokes.height)}mm" viewBox="0 0 ${number(strokes.width)} ${number(strokes.height)}" fill="none" stroke-linecap="round" stroke-linejoin="round">`,
    `<title>${escaped(title)}</title>`,
    '<style>path{opacity:0;animation:linear forwards a}.d{stroke-dasharray:1 2;animation-name:d}@keyframes a{from,to{opacity:1}}@keyframes d{from{opacity:1;stroke-dashoffset:1}to{opacity:1;stroke-dashoffset:0}}@media(prefers-reduced-motion:reduce){path{animation-delay:0s!important;animation-duration:1ms!important}}</style>',
    `<rect width="${number(strokes.width)}" height="${number(strokes.height)}" fill="#fffefb"/>`,
  ]
  let pen = -1
  for (const { first, upto } of groups) {
    if (strokes.pens[first] !== pen) {
      if (pen >= 0) parts.push('</g>')
      pen = strokes.pens[first]
      parts.push(`<g stroke="${escaped(strokes.layers[pen].colour)}" stroke-width="${number(strokes.layers[pen].width_mm)}">`)
    }
    const [begin, end] = [timeline.starts[first] * factor, timeline.ends[upto - 1] * factor]
    const length = isDrawn ? Math.max(0.001, end - begin) : 0.001
    const delay = isDrawn ? begin : end
    parts.push(`<path${isDrawn ? ' class="d" pathLength="1"' : ''} style="animation-delay:${number(delay)}s;animation-duration:${number(length)}s" d="${pathData(strokes, first, upto)}"/>`)
  }
  parts.push(pen >= 0 ? '</g></svg>' : '</svg>')
  return { svg: parts.join('\n'), groups: isDrawn ? 0 : groups.length }
}

/** Paints a drawing stroke by stroke onto a canvas. */
export class Film {
  /** @param {import('../plot/strokes.js').Strokes} strokes @param {import('../plot/strokes.js').Timeline} timeline */
  constructor(strokes, timeline) {
    Object.assign(this, { strokes, timeline, done: 0 })
    const scale = FILM_PX / Math.max(strokes.width, strokes.height)
    this.canvas = document.createElement('canvas')
    // Video encoders take even sizes.
    this.canvas.width = 2 * Math.round((strokes.width * scale) / 2)
    this.canvas.height = 2 * Math.round((strokes.height * scale) / 2)
    this.finished = document.createElement('canvas')
    this.finished.width = this.canvas.width
    this.finished.height = this.canvas.height
    this.scale = scale
    const context = this.finished.getContext('2d')
    context.fillStyle = '#fffefb'
    context.fillRect(0, 0, this.canvas.width, this.canvas.height)
  }

  styled(canvas, piece) {
    const context = canvas.getContext('2d')
    const { colour, width_mm: width } = this.strokes.layers[this.strokes.pens[piece]]
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0)
    context.lineCap = 'round'
    context.lineJoin = 'round'
    context.strokeStyle = colour
    context.lineWidth = Math.max(width, 0.7 / this.scale)
    context.beginPath()
    return context
  }

  /** Paints the drawing as it is at a time; times must not go back. */
  paint(time) {
    const { strokes, timeline } = this
    const upto = timeline.completed(time)
    while (this.done < upto) {
      let end = this.done + 1
      while (end < upto && strokes.pens[end] === strokes.pens[this.done]) end += 1
      const context = this.styled(this.finished, this.done)
      addStrokes(context, strokes, this.done, end)
      context.stroke()
      this.done = end
    }
    const context = this.canvas.getContext('2d')
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(this.finished, 0, 0)
    const { stroke, down, share } = timeline.at(time)
    if (down) {
      const partial = this.styled(this.canvas, stroke)
      addPart(partial, strokes, stroke, share)
      partial.stroke()
    }
  }
}
