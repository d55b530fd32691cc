// A finished drawing that draws itself: the strokes of an SVG of this service, in their order, on a canvas.

const SECONDS = 14
const FRAME_TASK_MM = 6000

/**
 * @typedef {{ colour: string, width: number, strokes: Float32Array[] }} Layer pen width and coordinates in mm
 */

/**
 * Returns the layers of an SVG in the format `svg-compact`: relative whole numbers below a scale.
 * @param {string} text
 * @returns {{ width: number, height: number, layers: Layer[] }}
 */
export function readStrokes(text) {
  const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement
  const [, , width, height] = root.getAttribute('viewBox').split(/[ ,]+/).map(Number)
  const layers = [...root.querySelectorAll('g[stroke]')].map((group) => {
    const scale = Number(/scale\(([\d.]+)\)/.exec(group.getAttribute('transform') || '')?.[1] || 1)
    return {
      colour: group.getAttribute('stroke'),
      width: Number(group.getAttribute('stroke-width')) * scale,
      strokes: [...group.querySelectorAll('path')].map((path) => absolute(path.getAttribute('d'), scale)),
    }
  })
  return { width, height, layers }
}

function absolute(data, scale) {
  const numbers = data.match(/-?\d+/g) || []
  const points = new Float32Array(numbers.length)
  let [x, y] = [0, 0]
  for (let at = 0; at < numbers.length; at += 2) {
    points[at] = (x += Number(numbers[at])) * scale
    points[at + 1] = (y += Number(numbers[at + 1])) * scale
  }
  return points
}

/** Draws a drawing on a canvas, all at once or as a pen does. */
export class SelfDrawing {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {ReturnType<typeof readStrokes>} drawing
   */
  constructor(canvas, drawing) {
    this.canvas = canvas
    this.drawing = drawing
    this.queue = drawing.layers.flatMap((layer) => layer.strokes.map((points) => ({ layer, points })))
    this.length = this.queue.reduce((sum, { points }) => sum + lengthOf(points), 0)
    this.frame = 0
  }

  prepare() {
    const { canvas, drawing } = this
    const pixels = canvas.clientWidth * Math.min(2, window.devicePixelRatio || 1)
    canvas.width = Math.max(1, Math.round(pixels))
    canvas.height = Math.max(1, Math.round((pixels * drawing.height) / drawing.width))
    this.context = canvas.getContext('2d')
    this.context.scale(canvas.width / drawing.width, canvas.width / drawing.width)
    this.context.lineCap = this.context.lineJoin = 'round'
    this.stroke = 0
    this.vertex = 0
  }

  /** Draws everything; for users who prefer no motion. */
  finish() {
    cancelAnimationFrame(this.frame)
    this.prepare()
    this.advance(Infinity)
  }

  /** Draws stroke after stroke, and resolves when the pen is up at the end. */
  play(seconds = SECONDS) {
    cancelAnimationFrame(this.frame)
    this.prepare()
    let last = 0
    return new Promise((done) => {
      const step = (now) => {
        // A frame after a pause, such as in another tab, draws as much as any other.
        const passed = Math.min(now - (last || now), 50) / 1000
        last = now
        this.advance(Math.min(FRAME_TASK_MM, (this.length * passed) / seconds))
        if (this.stroke < this.queue.length) this.frame = requestAnimationFrame(step)
        else done()
      }
      this.frame = requestAnimationFrame(step)
    })
  }

  // Draws the next `mm` of ink.
  advance(mm) {
    let left = mm
    const { context } = this
    while (left > 0 && this.stroke < this.queue.length) {
      const { layer, points } = this.queue[this.stroke]
      context.strokeStyle = layer.colour
      // A line thinner than a pixel looks grey; real ink does not.
      context.lineWidth = Math.max(layer.width, (0.7 * this.drawing.width) / this.canvas.width)
      context.beginPath()
      context.moveTo(points[this.vertex], points[this.vertex + 1])
      let at = this.vertex + 2
      for (; at < points.length && left > 0; at += 2) {
        context.lineTo(points[at], points[at + 1])
        left -= Math.hypot(points[at] - points[at - 2], points[at + 1] - points[at - 1])
      }
      context.stroke()
      this.vertex = at - 2
      if (at >= points.length) {
        this.stroke += 1
        this.vertex = 0
      }
    }
  }
}

function lengthOf(points) {
  let sum = 0
  for (let at = 2; at < points.length; at += 2) sum += Math.hypot(points[at] - points[at - 2], points[at + 1] - points[at - 1])
  return sum
}
