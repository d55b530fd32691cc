// A grid of which only the rows near the visible part are in the document, so that its length does not matter.

const OVERSCAN_ROWS = 2
const MIN_COLUMN_REM = 14
const NARROW_PX = 560

/**
 * @param {HTMLElement} list the grid; its cards have the height of a square sheet plus `--below`
 * @param {{ card: (item: object) => HTMLElement, onShown: (cards: HTMLElement[], last: number) => void }} options
 *   `onShown` gets the new cards and the index after the last one in the document.
 */
export class Grid {
  constructor(list, { card, onShown }) {
    this.list = list
    this.card = card
    this.onShown = onShown
    this.items = []
    this.nodes = new Map()
    this.isQueued = false
    addEventListener('scroll', () => this.queue(), { passive: true })
    new ResizeObserver(() => this.queue()).observe(list)
  }

  set(items) {
    this.items = items
    for (const node of this.nodes.values()) node.remove()
    this.nodes.clear()
    this.show()
  }

  append(items) {
    this.items.push(...items)
    this.show()
  }

  /** Removes an item and returns the card that took its place, or the one before. */
  remove(id) {
    const at = this.items.findIndex((one) => one.id === id)
    this.items.splice(at, 1)
    this.nodes.get(id)?.remove()
    this.nodes.delete(id)
    this.show()
    const next = this.items[Math.min(at, this.items.length - 1)]
    return next && this.nodes.get(next.id)
  }

  queue() {
    if (this.isQueued) return
    this.isQueued = true
    requestAnimationFrame(() => {
      this.isQueued = false
      this.show()
    })
  }

  measure() {
    const style = getComputedStyle(this.list)
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
    const gap = parseFloat(style.columnGap)
    const width = this.list.clientWidth
    const fitting = Math.floor((width + gap) / (MIN_COLUMN_REM * rem + gap))
    const columns = Math.max(width < NARROW_PX ? 2 : 1, fitting)
    const below = parseFloat(style.getPropertyValue('--below')) * rem
    const height = (width - gap * (columns - 1)) / columns + below
    return { columns, height, step: height + parseFloat(style.rowGap) }
  }

  show() {
    const { columns, height, step } = this.measure()
    const rows = Math.ceil(this.items.length / columns)
    const top = -this.list.getBoundingClientRect().top
    const first = Math.min(rows, Math.max(0, Math.floor(top / step) - OVERSCAN_ROWS))
    const end = Math.min(rows, Math.max(first, Math.ceil((top + innerHeight) / step) + OVERSCAN_ROWS))
    const { style } = this.list
    style.setProperty('--columns', columns)
    style.setProperty('--height', `${height}px`)
    style.paddingTop = `${first * step}px`
    style.paddingBottom = `${Math.max(0, rows - end) * step}px`
    const wanted = this.items.slice(first * columns, end * columns)
    this.place(wanted, first * columns)
    this.onShown(this.added, end * columns)
  }

  place(wanted, offset) {
    const ids = new Set(wanted.map((one) => one.id))
    for (const [id, node] of this.nodes) {
      if (ids.has(id)) continue
      node.remove()
      this.nodes.delete(id)
    }
    this.added = []
    let before = this.list.firstElementChild
    wanted.forEach((item, index) => {
      let node = this.nodes.get(item.id)
      if (node && node === before) before = node.nextElementSibling
      else {
        if (!node) {
          node = this.card(item)
          this.nodes.set(item.id, node)
          this.added.push(node)
        }
        this.list.insertBefore(node, before)
      }
      node.setAttribute('aria-posinset', offset + index + 1)
      // The number of a list that is not loaded to its end is unknown.
      node.setAttribute('aria-setsize', this.isComplete ? this.items.length : -1)
    })
  }
}
