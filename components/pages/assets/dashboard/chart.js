// A small chart of one number while the page was open, up to its last five minutes.
const SHORTEST = 60 * 1000
const LONGEST = 5 * SHORTEST
// Nobody looked for so long: the line has a gap there.
const GAP = 12 * 1000
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
    this.points = [...this.points.filter((point) => point.at > now - LONGEST), { at: now, value }]
    this.draw(now)
  }

  draw(now) {
    const most = Math.max(...this.points.map((point) => point.value))
    const length = Math.max(SHORTEST, now - this.points[0].at)
    const place = ({ at, value }) => [
      (WIDTH * (1 - (now - at) / length)).toFixed(1),
      (BASE - (HEIGHT * value) / Math.max(most, 4)).toFixed(1),
    ]
    const pieces = this.pieces().map((piece) => piece.map(place))
    const lines = pieces.map((piece) => `M${piece.map((point) => point.join(' ')).join('L')}`)
    const areas = pieces.map((piece, number) => `${lines[number]}V${BASE}H${piece[0][0]}Z`)
    const minutes = length < 1.5 * SHORTEST ? 'minute' : `${Math.round(length / SHORTEST)} minutes`
    this.svg.querySelector('.line').setAttribute('d', lines.join(''))
    this.svg.querySelector('.area').setAttribute('d', areas.join(''))
    this.svg.setAttribute('aria-label', `${this.words} in the last ${minutes}: now ${this.points.at(-1).value}, at most ${most}`)
    this.from.textContent = `${Math.round(length / SHORTEST)} min ago`
    this.most.textContent = most ? `at most ${most}` : ''
  }

  pieces() {
    const pieces = []
    for (const point of this.points) {
      const piece = pieces.at(-1)
      if (piece && point.at - piece.at(-1).at < GAP) piece.push(point)
      else pieces.push([point])
    }
    return pieces
  }
}
