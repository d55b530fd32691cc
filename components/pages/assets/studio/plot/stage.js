// The canvases of a plot: paper, strokes and travels up to a time, and above them the pen, the ink map and places.
import { addPart, addStrokes, addTravels, Sheet } from './sheet.js'
import { vertexOf } from './strokes.js'
import { fitted, moved, positionOf, zoomed } from './viewport.js'

const MAX_RATIO = 2
const THINNEST_PX = 0.45
const TRAVEL_PX = 0.8
const PLACE_PX = 9
// Colours by share of a full coat: the paper shows through where there is little ink.
const HEAT = [[0, 255, 214, 92, 0], [0.25, 255, 200, 80, 120], [0.6, 245, 130, 40, 170], [1, 214, 40, 40, 205], [1.25, 110, 0, 80, 225]]

/** Returns the colour of a share of a full coat of ink as red, green, blue and opacity, each 0 to 255. */
export function heat(share) {
  const upper = HEAT.findIndex(([limit]) => limit > share)
  if (upper < 0) return HEAT.at(-1).slice(1)
  if (!upper) return HEAT[0].slice(1)
  const [low, high] = [HEAT[upper - 1], HEAT[upper]]
  const part = (share - low[0]) / (high[0] - low[0])
  return low.slice(1).map((value, index) => Math.round(value + (high[index + 1] - value) * part))
}

/** Returns the ink map as a picture with one pixel per square. */
function heatPicture({ rows, columns, mm2 }, limit) {
  const canvas = document.createElement('canvas')
  canvas.width = columns
  canvas.height = rows
  const context = canvas.getContext('2d')
  const image = context.createImageData(columns, rows)
  mm2.forEach((value, index) => image.data.set(heat(value / limit), 4 * index))
  context.putImageData(image, 0, 0)
  return canvas
}

export class Stage {
  /**
   * @param {HTMLElement} element gets the canvases
   * @param {import('./strokes.js').Strokes} strokes
   * @param {{inkMap: object|null, inkLimit: number, onView: () => void}} options
   */
  constructor(element, strokes, { inkMap, inkLimit, onView }) {
    Object.assign(this, { element, strokes, onView })
    this.lines = document.createElement('canvas')
    this.marks = document.createElement('canvas')
    element.prepend(this.lines, this.marks)
    this.colours()
    const again = () => this.drawLines()
    this.ink = new Sheet(strokes, {
      add: addStrokes, culled: true,
      look: (pen, scale) => ({ colour: strokes.layers[pen].colour, width: Math.max(strokes.layers[pen].width_mm, THINNEST_PX / scale) }),
    }, again)
    this.travels = new Sheet(strokes, { add: addTravels, culled: false, look: (_, scale) => ({ colour: this.travelColour, width: TRAVEL_PX / scale }) }, again)
    this.heat = inkMap && heatPicture(inkMap, inkLimit)
    this.inkMap = inkMap
    this.options = { travel: false, density: false, places: [] }
    this.time = Infinity
    this.frame = 0
    this.observer = new ResizeObserver(() => this.resize())
    this.observer.observe(element)
    this.scheme = matchMedia('(prefers-color-scheme: dark)')
    this.onScheme = () => { this.colours(); this.travels.hide(this.travels.hidden); this.draw() }
    this.scheme.addEventListener('change', this.onScheme)
    this.resize()
  }

  close() {
    cancelAnimationFrame(this.frame)
    this.ink.stop()
    this.travels.stop()
    this.observer.disconnect()
    this.scheme.removeEventListener('change', this.onScheme)
    this.lines.remove()
    this.marks.remove()
  }

  colours() {
    const style = getComputedStyle(this.element)
    const read = (name) => style.getPropertyValue(name).trim()
    this.sheetColour = read('--sheet') || '#fff'
    this.edgeColour = read('--line')
    this.travelColour = '#2f7de1'
    this.penColour = '#d4380d'
    this.markColour = '#b3261e'
  }

  /** Changes when strokes are drawn: `timeline` may be null. */
  follow(timeline) {
    this.timeline = timeline
    this.draw()
  }

  show(options) {
    Object.assign(this.options, options)
    this.draw()
  }

  hide(pens) {
    this.ink.hide(pens)
    this.travels.hide(pens)
    this.draw()
  }

  seek(time) {
    this.time = time
    this.draw()
  }

  look(view) {
    this.view = view
    this.onView(this)
    this.draw()
  }

  fit() {
    this.look(fitted(this.strokes, this.size))
  }

  zoom(factor, point = [this.size.width / 2, this.size.height / 2]) {
    this.look(zoomed(this.view, factor, point, fitted(this.strokes, this.size).scale))
  }

  move(by) {
    this.look(moved(this.view, by, this.strokes, this.size))
  }

  position(point) {
    return positionOf(this.view, point)
  }

  get isFitted() {
    return this.view.scale <= fitted(this.strokes, this.size).scale * 1.01
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element
    if (!width || !height) return
    const wasFitted = !this.view || this.isFitted
    this.size = { width, height }
    this.ratio = Math.min(MAX_RATIO, devicePixelRatio || 1)
    for (const canvas of [this.lines, this.marks]) {
      canvas.width = Math.round(width * this.ratio)
      canvas.height = Math.round(height * this.ratio)
    }
    if (wasFitted) this.view = fitted(this.strokes, this.size)
    this.onView(this)
    this.draw()
  }

  /** Draws in the next frame, once however often it is called. */
  draw() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0
        if (!this.view) return
        const upto = this.completed()
        this.ink.paint(this.view, upto, this.size.width, this.size.height, this.ratio)
        if (this.options.travel) this.travels.paint(this.view, upto, this.size.width, this.size.height, this.ratio)
        this.drawLines()
        this.drawMarks()
      })
    }
  }

  completed() {
    return this.timeline && this.time < this.timeline.duration ? this.timeline.completed(this.time) : this.strokes.length
  }

  /** Sets millimetres of the page as the unit of a context. */
  onPage(context) {
    const factor = this.view.scale * this.ratio
    context.setTransform(factor, 0, 0, factor, -this.view.x * factor, -this.view.y * factor)
    return context
  }

  drawLines() {
    const context = this.lines.getContext('2d')
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.lines.width, this.lines.height)
    this.onPage(context)
    context.shadowColor = 'rgb(0 0 0 / 18%)'
    context.shadowBlur = 14 * this.ratio
    context.shadowOffsetY = 3 * this.ratio
    context.fillStyle = this.sheetColour
    context.fillRect(0, 0, this.strokes.width, this.strokes.height)
    context.shadowColor = 'transparent'
    this.ink.show(context, this.view, this.ratio)
    if (this.options.travel) this.travels.show(context, this.view, this.ratio)
  }

  drawMarks() {
    const context = this.marks.getContext('2d')
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.marks.width, this.marks.height)
    this.onPage(context)
    if (this.options.density && this.heat) this.drawHeat(context)
    if (this.timeline && this.time < this.timeline.duration) this.drawPen(context)
    this.drawPlaces(context)
  }

  drawHeat(context) {
    const { step_mm: step, columns, rows } = this.inkMap
    context.save()
    context.beginPath()
    context.rect(0, 0, this.strokes.width, this.strokes.height)
    context.clip()
    // The centre of the first square is one step from the corner of the page.
    context.drawImage(this.heat, step / 2, step / 2, columns * step, rows * step)
    context.restore()
  }

  /** Draws the stroke that is being drawn as far as it is, or the way to it, and the pen. */
  drawPen(context) {
    const { stroke, down, share } = this.timeline.at(this.time)
    const { strokes } = this
    if (stroke < strokes.length && this.ink.hidden.has(strokes.pens[stroke])) return
    context.lineCap = 'round'
    context.lineJoin = 'round'
    const [x, y] = down ? this.drawPart(context, stroke, share) : this.drawWay(context, stroke, share)
    const unit = 1 / this.view.scale
    context.beginPath()
    context.arc(x, y, (down ? 4 : 5.5) * unit, 0, 2 * Math.PI)
    context.lineWidth = 2 * unit
    context.strokeStyle = this.penColour
    context.fillStyle = down ? this.penColour : 'rgb(255 255 255 / 80%)'
    context.fill()
    context.stroke()
  }

  drawPart(context, stroke, share) {
    const { colour, width } = this.ink.look(this.strokes.pens[stroke], this.view.scale)
    context.strokeStyle = colour
    context.lineWidth = width
    context.beginPath()
    const place = addPart(context, this.strokes, stroke, share)
    context.stroke()
    return place
  }

  drawWay(context, stroke, share) {
    const { strokes } = this
    const from = stroke ? vertexOf(strokes, strokes.offsets[stroke] - 1) : [0, 0]
    const to = stroke < strokes.length ? vertexOf(strokes, strokes.offsets[stroke]) : [0, 0]
    const [x, y] = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
    if (this.options.travel) {
      context.beginPath()
      context.moveTo(...from)
      context.lineTo(x, y)
      context.strokeStyle = this.travelColour
      context.lineWidth = TRAVEL_PX / this.view.scale
      context.stroke()
    }
    return [x, y]
  }

  drawPlaces(context) {
    const unit = 1 / this.view.scale
    context.strokeStyle = this.markColour
    for (const [width, colour] of [[5, 'rgb(255 255 255 / 75%)'], [2, this.markColour]]) {
      context.lineWidth = width * unit
      context.strokeStyle = colour
      for (const [x, y] of this.options.places) {
        context.beginPath()
        context.arc(x, y, Math.max(5, PLACE_PX * unit), 0, 2 * Math.PI)
        context.stroke()
      }
    }
  }
}
