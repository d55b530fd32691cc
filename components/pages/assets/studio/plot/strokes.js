// The strokes of a drawing in plotting order as flat arrays, and when each is drawn.

// Longer strokes are cut into pieces, so that a frame of the playback never draws more than this.
const MAX_PIECE = 1500

/**
 * `coordinates` are x and y in mm; piece i has the vertices from `offsets[i]` to before `offsets[i + 1]` and the pen `pens[i]`.
 * A stroke is one piece or, with many vertices, several, of which `continues` is 1 for all but the first; `owners` are the numbers
 * of the strokes.
 * @typedef {{width: number, height: number, layers: {layer: string, colour: string, width_mm: number}[], length: number,
 *   pens: Uint16Array, offsets: Uint32Array, owners: Uint32Array, continues: Uint8Array, coordinates: Float32Array}} Strokes
 */

/** Returns the strokes of the export format `strokes`. @returns {Strokes} */
export function strokesOf({ width, height, layers, pens, counts, coordinates }) {
  const pieces = counts.reduce((sum, count) => sum + Math.max(1, Math.ceil((count - 1) / MAX_PIECE)), 0)
  const vertices = coordinates.length / 2 + pieces - counts.length
  const strokes = {
    width, height, layers, length: pieces,
    pens: new Uint16Array(pieces), offsets: new Uint32Array(pieces + 1), owners: new Uint32Array(pieces), continues: new Uint8Array(pieces),
    coordinates: new Float32Array(2 * vertices),
  }
  let [piece, vertex, from] = [0, 0, 0]
  counts.forEach((count, owner) => {
    let begin = 0
    do {
      // Pieces share a vertex.
      const end = Math.min(count, begin + MAX_PIECE + 1)
      for (let at = 2 * (from + begin); at < 2 * (from + end); at += 1) strokes.coordinates[2 * vertex + at - 2 * (from + begin)] = coordinates[at]
      strokes.pens[piece] = pens[owner]
      strokes.owners[piece] = owner
      strokes.continues[piece] = begin ? 1 : 0
      vertex += end - begin
      piece += 1
      strokes.offsets[piece] = vertex
      begin = end === count ? count : end - 1
    } while (begin < count)
    from += count
  })
  return strokes
}

/** Returns the length of a piece in mm. */
function lengthOf({ offsets, coordinates }, piece) {
  let length = 0
  for (let at = 2 * offsets[piece] + 2; at < 2 * offsets[piece + 1]; at += 2) {
    length += Math.hypot(coordinates[at] - coordinates[at - 2], coordinates[at + 1] - coordinates[at - 1])
  }
  return length
}

const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi

/**
 * Returns the strokes of an SVG that this service wrote, in either of its encodings. The document is parsed, never shown.
 * @param {string} text
 * @returns {Strokes}
 */
export function strokesOfSvg(text) {
  const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement
  const [, , width, height] = (root.getAttribute('viewBox') || '0 0 0 0').split(/[ ,]+/).map(Number)
  const layers = []
  const pens = []
  const counts = []
  const coordinates = []
  for (const group of root.querySelectorAll('g')) {
    const scale = Number(/^scale\(([^)]+)\)$/.exec(group.getAttribute('transform') || '')?.[1] || 1)
    const layer = {
      layer: group.getAttribute('inkscape:label') || '',
      colour: group.getAttribute('stroke') || 'black',
      width_mm: Number(group.getAttribute('stroke-width') || 0.3) * scale,
    }
    layers.push(layer)
    for (const path of group.children) {
      const data = path.getAttribute('d') || ''
      const numbers = data.match(NUMBER) || []
      let [x, y] = [0, 0]
      for (let index = 0; index + 1 < numbers.length; index += 2) {
        const [nextX, nextY] = [Number(numbers[index]) * scale, Number(numbers[index + 1]) * scale]
        x = data[0] === 'm' ? x + nextX : nextX
        y = data[0] === 'm' ? y + nextY : nextY
        coordinates.push(x, y)
      }
      counts.push(numbers.length >> 1)
      pens.push(layers.length - 1)
    }
  }
  return strokesOf({ width, height, layers, pens, counts, coordinates })
}

/** Returns x and y of a vertex. */
export const vertexOf = ({ coordinates }, vertex) => [coordinates[2 * vertex], coordinates[2 * vertex + 1]]

/** When each stroke is drawn: it starts at `starts[i]` and ends at `ends[i]`, in seconds from the start of the plot. */
export class Timeline {
  /**
   * @param {Strokes} strokes
   * @param {{drawing_seconds: number[], travel_seconds: number[], motion: object}} times of the export format `strokes`
   */
  constructor(strokes, times) {
    const { drop_time: drop, lift_time: lift, pen_change_time: change } = times.motion
    this.strokes = strokes
    this.starts = new Float64Array(strokes.length)
    this.ends = new Float64Array(strokes.length)
    let now = 0
    for (let piece = 0; piece < strokes.length; piece += 1) {
      const owner = strokes.owners[piece]
      const isFirst = !strokes.continues[piece]
      const isLast = !strokes.continues[piece + 1]
      if (isFirst) {
        if (piece && strokes.pens[piece] !== strokes.pens[piece - 1]) now += change
        now += times.travel_seconds[owner] + drop
      }
      this.starts[piece] = now
      now += times.drawing_seconds[owner] * (isFirst && isLast ? 1 : this.shareOf(piece))
      this.ends[piece] = now
      if (isLast) now += lift
    }
    this.duration = now + (times.travel_seconds.at(-1) || 0)
  }

  /** Returns the share of a piece in the length of its stroke. */
  shareOf(piece) {
    const { strokes } = this
    if (!strokes.continues[piece]) {
      this.whole = lengthOf(strokes, piece)
      for (let next = piece + 1; strokes.continues[next]; next += 1) this.whole += lengthOf(strokes, next)
    }
    return this.whole ? lengthOf(strokes, piece) / this.whole : 0
  }

  /** Returns how many strokes are complete at a time. */
  completed(time) {
    let [low, high] = [0, this.ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.ends[middle] <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * Returns where the pen is: the stroke that is drawn or comes next, and the share of it, or of the way to it, that is done.
   * @returns {{stroke: number, down: boolean, share: number}}
   */
  at(time) {
    const stroke = this.completed(time)
    const start = stroke < this.starts.length ? this.starts[stroke] : this.duration
    if (time >= start && stroke < this.starts.length) return { stroke, down: true, share: (time - start) / (this.ends[stroke] - start || 1) }
    const before = stroke ? this.ends[stroke - 1] : 0
    return { stroke, down: false, share: Math.min(1, Math.max(0, (time - before) / (start - before || 1))) }
  }
}

/**
 * Returns times in proportion to lengths: those of a machine as a whole, or 50 mm/s with the pen down and 200 mm/s with it up.
 * @param {Strokes} strokes
 * @param {object} [total] the time on a machine, as in `plot.time` of an artifact
 */
export function evenTimes(strokes, total) {
  const drawing = []
  const travel = []
  let [x, y] = [0, 0]
  for (let stroke = 0; stroke < strokes.length; stroke += 1) {
    const [startX, startY] = vertexOf(strokes, strokes.offsets[stroke])
    const seconds = lengthOf(strokes, stroke) / 50
    if (strokes.continues[stroke]) drawing[drawing.length - 1] += seconds
    else {
      travel.push(Math.hypot(startX - x, startY - y) / 200)
      drawing.push(seconds)
    }
    [x, y] = vertexOf(strokes, strokes.offsets[stroke + 1] - 1)
  }
  travel.push(Math.hypot(x, y) / 200)
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0)
  const scaled = (numbers, seconds) => {
    const factor = total && sum(numbers) ? seconds / sum(numbers) : 1
    return numbers.map((one) => one * factor)
  }
  const lift = total ? total.lifting_seconds / 2 / (drawing.length || 1) : 0.12
  const changes = strokes.layers.length - 1
  return {
    drawing_seconds: scaled(drawing, total?.drawing_seconds),
    travel_seconds: scaled(travel, total?.travelling_seconds),
    motion: { drop_time: lift, lift_time: lift, pen_change_time: changes && total ? total.pen_change_seconds / changes : 0 },
  }
}
