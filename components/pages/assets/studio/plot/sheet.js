// Strokes on an offscreen canvas. Strokes that were added since are painted on top; after any other change all are painted anew,
// in slices between the frames, while the last picture stays visible.
import { sameView } from './viewport.js'

// A canvas may paint after the script has ended: the vertices of a slice follow from the time between frames.
const SLICE = { least: 2000, first: 12_000, most: 120_000, goodMs: 22, badMs: 40 }
// Vertices per path: large enough for few calls, small enough for a slice.
const BATCH_VERTICES = 3000

/**
 * Returns runs of strokes of one pen with the box around them: first and last stroke, pen, box in mm.
 * @param {import('./strokes.js').Strokes} strokes
 */
function batchesOf({ length, offsets, pens, coordinates }) {
  const batches = []
  let first = 0
  const close = (upto) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity]
    for (let at = 2 * offsets[first]; at < 2 * offsets[upto]; at += 2) {
      box[0] = Math.min(box[0], coordinates[at])
      box[1] = Math.min(box[1], coordinates[at + 1])
      box[2] = Math.max(box[2], coordinates[at])
      box[3] = Math.max(box[3], coordinates[at + 1])
    }
    batches.push({ first, upto, pen: pens[first], box, path: null })
    first = upto
  }
  for (let stroke = 1; stroke <= length; stroke += 1) {
    if (stroke === length || pens[stroke] !== pens[first] || offsets[stroke] - offsets[first] >= BATCH_VERTICES) close(stroke)
  }
  return batches
}

/** Adds the strokes from `first` to before `upto` to a path. */
export function addStrokes(path, { offsets, coordinates }, first, upto) {
  for (let stroke = first; stroke < upto; stroke += 1) {
    const end = 2 * offsets[stroke + 1]
    let at = 2 * offsets[stroke]
    path.moveTo(coordinates[at], coordinates[at + 1])
    // A dot is a line of no length: round caps make it visible.
    if (at + 2 === end) path.lineTo(coordinates[at], coordinates[at + 1])
    for (at += 2; at < end; at += 2) path.lineTo(coordinates[at], coordinates[at + 1])
  }
}

/** Adds the moves with the pen up before the strokes from `first` to before `upto` to a path. */
export function addTravels(path, { offsets, coordinates, continues }, first, upto) {
  for (let stroke = first; stroke < upto; stroke += 1) {
    if (continues[stroke]) continue
    const [from, to] = [2 * offsets[stroke] - 2, 2 * offsets[stroke]]
    path.moveTo(stroke ? coordinates[from] : 0, stroke ? coordinates[from + 1] : 0)
    path.lineTo(coordinates[to], coordinates[to + 1])
  }
}

/**
 * Adds a share of a piece to a path and returns where it ends.
 * @returns {number[]} x and y in mm
 */
export function addPart(path, { offsets, coordinates }, piece, share) {
  const [first, end] = [2 * offsets[piece], 2 * offsets[piece + 1]]
  const step = (at) => Math.hypot(coordinates[at] - coordinates[at - 2], coordinates[at + 1] - coordinates[at - 1])
  let left = 0
  for (let at = first + 2; at < end; at += 2) left += step(at)
  left *= share
  let [x, y] = [coordinates[first], coordinates[first + 1]]
  path.moveTo(x, y)
  for (let at = first + 2; at < end && left > 0; at += 2) {
    const length = step(at)
    const part = Math.min(1, left / (length || 1))
    x += (coordinates[at] - x) * part
    y += (coordinates[at + 1] - y) * part
    path.lineTo(x, y)
    left -= length
  }
  return [x, y]
}

/** One kind of lines, strokes or travels, painted up to a stroke. */
export class Sheet {
  /**
   * @param {import('./strokes.js').Strokes} strokes
   * @param {{add: Function, culled: boolean, look: (pen: number, scale: number) => {colour: string, width: number}}} kind
   *   `look` returns the colour and the width in mm
   * @param {() => void} onPainted called when another picture can be shown
   */
  constructor(strokes, { add, culled, look }, onPainted) {
    Object.assign(this, { strokes, add, culled, look, onPainted })
    this.batches = batchesOf(strokes)
    this.hidden = new Set()
    this.front = { canvas: document.createElement('canvas'), view: null, upto: 0 }
    this.back = { canvas: document.createElement('canvas'), view: null, upto: 0 }
    this.task = 0
    this.budget = SLICE.first
  }

  /** Shows other pens: all are painted anew. */
  hide(pens) {
    this.hidden = new Set(pens)
    this.front.stale = true
    this.back.stale = true
  }

  /** Paints the strokes before `upto` as seen in a view, now or soon. */
  paint(view, upto, width, height, ratio) {
    this.wanted = { view, upto, width, height, ratio }
    const { front } = this
    const fits = front.view && sameView(front.view, view) && !front.stale && front.ratio === ratio && front.width === width && front.height === height
    if (fits && upto >= front.upto) {
      this.stop()
      this.continued(front, upto)
    } else this.restart()
  }

  stop() {
    if (this.task) cancelAnimationFrame(this.task)
    this.task = 0
  }

  /** Paints further strokes onto a finished picture; a jump is painted in slices. */
  continued(front, upto) {
    const { offsets } = this.strokes
    if (offsets[upto] - offsets[front.upto] > 4 * BATCH_VERTICES) {
      this.restart()
      return
    }
    const context = this.prepared(front)
    this.paintRange(context, front.upto, upto, front.view)
    front.upto = upto
  }

  restart() {
    const { back, wanted } = this
    if (this.task && back.view && sameView(back.view, wanted.view) && wanted.upto >= back.upto && !back.stale) return
    this.stop()
    Object.assign(back, { view: wanted.view, upto: 0, ratio: wanted.ratio, width: wanted.width, height: wanted.height, stale: false })
    back.canvas.width = Math.max(1, Math.round(wanted.width * wanted.ratio))
    back.canvas.height = Math.max(1, Math.round(wanted.height * wanted.ratio))
    this.slice()
  }

  slice() {
    const { back, wanted } = this
    const { offsets } = this.strokes
    const until = offsets[back.upto] + this.budget
    const context = this.prepared(back)
    let number = this.batches.findIndex((one) => one.upto > back.upto)
    while (back.upto < wanted.upto && number >= 0 && number < this.batches.length) {
      const batch = this.batches[number]
      const upto = Math.min(batch.upto, wanted.upto)
      this.paintRange(context, back.upto, upto, back.view)
      back.upto = upto
      if (upto === batch.upto) number += 1
      if (offsets[back.upto] > until) break
    }
    if (back.upto >= wanted.upto || number < 0) {
      this.task = 0;
      [this.front, this.back] = [back, this.front]
    } else {
      const begun = performance.now()
      this.task = requestAnimationFrame(() => {
        const passed = performance.now() - begun
        if (passed > SLICE.badMs) this.budget = Math.max(SLICE.least, this.budget / 2)
        else if (passed < SLICE.goodMs) this.budget = Math.min(SLICE.most, this.budget * 1.4)
        this.slice()
        this.onPainted()
      })
    }
  }

  prepared({ canvas, view, ratio }) {
    const context = canvas.getContext('2d')
    context.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, -view.x * view.scale * ratio, -view.y * view.scale * ratio)
    context.lineCap = 'round'
    context.lineJoin = 'round'
    return context
  }

  paintRange(context, first, upto, view) {
    const right = view.x + this.wanted.width / view.scale
    const bottom = view.y + this.wanted.height / view.scale
    let number = this.batchAt(first)
    while (first < upto) {
      const batch = this.batches[number]
      const end = Math.min(batch.upto, upto)
      const [left, top, boxRight, boxBottom] = batch.box
      const visible = !this.culled || (left <= right && top <= bottom && boxRight >= view.x && boxBottom >= view.y)
      if (visible && !this.hidden.has(batch.pen)) {
        const whole = first === batch.first && end === batch.upto
        const path = whole && batch.path ? batch.path : new Path2D()
        if (!(whole && batch.path)) this.add(path, this.strokes, first, end)
        if (whole) batch.path = path
        const { colour, width } = this.look(batch.pen, view.scale)
        context.strokeStyle = colour
        context.lineWidth = width
        context.stroke(path)
      }
      first = end
      number += 1
    }
  }

  batchAt(stroke) {
    let [low, high] = [0, this.batches.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.batches[middle].upto <= stroke) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Draws the last finished picture into a context of the same resolution, moved to the present view. */
  show(context, view, ratio) {
    const { front } = this
    if (!front.view) return
    const factor = view.scale / front.view.scale
    const left = (front.view.x - view.x) * view.scale * ratio
    const top = (front.view.y - view.y) * view.scale * ratio
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(front.canvas, left, top, front.canvas.width * factor, front.canvas.height * factor)
  }
}
