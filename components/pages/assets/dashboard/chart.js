// A line chart of one number since the page was opened, for at most five minutes.
const MINUTE_MS = 60 * 1000
const MAX_SPAN_MS = 5 * MINUTE_MS
// Longer intervals between two values are drawn as a gap.
const MAX_GAP_MS = 12 * 1000
const WIDTH = 300
const BASE = 47.5
const HEIGHT = 43

export class Chart {
  constructor(name, words) {
    this.svg = document.getElementById(`${name}-chart`)
    this.most = document.getElementById(`${name}-most`)
    this.from = document.getElementById(`${name}-from`)
    this.words = words
    this.points = []
  }

  add(value) {
    const now = Date.now()
    this.points = [...this.points.filter((point) => point.at > now - MAX_SPAN_MS), { at: now, value }]
    this.draw(now)
  }

  draw(now) {
    const most = Math.max(...this.points.map((point) => point.value))
    const length = Math.max(MINUTE_MS, now - this.points[0].at)
    const toPoint = ({ at, value }) => [
      (WIDTH * (1 - (now - at) / length)).toFixed(1),
      (BASE - (HEIGHT * value) / Math.max(most, 4)).toFixed(1),
    ]
    const pieces = this.pieces().map((piece) => piece.map(toPoint))
    const lines = pieces.map((piece) => `M${piece.map((point) => point.join(' ')).join('L')}`)
    const areas = pieces.map((piece, number) => `${lines[number]}V${BASE}H${piece[0][0]}Z`)
    const minutes = length < 1.5 * MINUTE_MS ? 'minute' : `${Math.round(length / MINUTE_MS)} minutes`
    this.svg.querySelector('.line').setAttribute('d', lines.join(''))
    this.svg.querySelector('.area').setAttribute('d', areas.join(''))
    this.svg.setAttribute('aria-label', `${this.words} in the last ${minutes}: now ${this.points.at(-1).value}, maximum ${most}`)
    this.from.textContent = `${Math.round(length / MINUTE_MS)} min ago`
    this.most.textContent = most ? `max. ${most}` : ''
  }

  pieces() {
    const pieces = []
    for (const point of this.points) {
      const piece = pieces.at(-1)
      if (piece && point.at - piece.at(-1).at < MAX_GAP_MS) piece.push(point)
      else pieces.push([point])
    }
    return pieces
  }
}
