// Elements of a composition on the sheet: move, resize, rotate, duplicate and reorder, by pointer and by keyboard.
import { withValue } from './design.js'
import { elementName, reordered } from './elements.js'
import { html, useEffect, useRef, useState } from './ids.js'
import { marginOf } from './kinds/page.js'
import { round, words } from './words.js'

const HANDLES = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w']
const MIN_MM = 2
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const snapped = (value, fine) => (fine ? Math.round(value * 10) / 10 : Math.round(value))

/** Returns the box of an element, in mm: its own, that of its points, or the page inside the margin. */
export function boxOf(element, body, size) {
  if (element.points?.length) {
    const [xs, ys] = [0, 1].map((axis) => element.points.map((point) => point[axis]))
    const [x, y] = [Math.min(...xs), Math.min(...ys)]
    return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
  }
  if (element.box) return element.box
  const margin = marginOf(body, size)
  return { x: margin, y: margin, width: size[0] - 2 * margin, height: size[1] - 2 * margin }
}

/** Returns an element in another box; points are moved and stretched with it. */
export function inBox(element, before, box) {
  if (!element.points) return { ...element, box }
  const at = (value, start, length, newStart, newLength) => (length ? newStart + ((value - start) / length) * newLength : newStart)
  const points = element.points.map(([x, y]) => [at(x, before.x, before.width, box.x, box.width), at(y, before.y, before.height, box.y, box.height)].map((one) => Math.round(one * 100) / 100))
  return { ...element, points }
}

function changedBox(box, handle, dx, dy, { fine, keepRatio }) {
  if (handle === 'move') return { ...box, x: snapped(box.x + dx, fine), y: snapped(box.y + dy, fine) }
  const [right, bottom] = [box.x + box.width, box.y + box.height]
  let { x, y, width, height } = box
  if (handle.includes('e')) width = Math.max(MIN_MM, snapped(width + dx, fine))
  if (handle.includes('s')) height = Math.max(MIN_MM, snapped(height + dy, fine))
  if (handle.includes('w')) { x = Math.min(snapped(x + dx, fine), right - MIN_MM); width = right - x }
  if (handle.includes('n')) { y = Math.min(snapped(y + dy, fine), bottom - MIN_MM); height = bottom - y }
  if (keepRatio && handle.length === 2) {
    const factor = Math.max(width / box.width, height / box.height)
    ;[width, height] = [box.width * factor, box.height * factor]
    if (handle.includes('w')) x = right - width
    if (handle.includes('n')) y = bottom - height
  }
  return { x, y, width, height }
}

// Moves are turned with the element when it is resized.
function turned(dx, dy, degrees) {
  const angle = (-degrees * Math.PI) / 180
  return [dx * Math.cos(angle) - dy * Math.sin(angle), dx * Math.sin(angle) + dy * Math.cos(angle)]
}

// The element's part of the picture, in the box that it is dragged to.
function ghost(picture, size, scale, start, box) {
  const [wide, high] = [box.width / (start.width || 1), box.height / (start.height || 1)]
  return {
    backgroundImage: `url("${picture}")`,
    backgroundSize: `${size[0] * scale * wide}px ${size[1] * scale * high}px`,
    backgroundPosition: `${-start.x * scale * wide}px ${-start.y * scale * high}px`,
  }
}

export function Composer({ design, size, scale, picture, selected, onSelect }) {
  const [live, setLive] = useState(null)
  const drag = useRef(null)
  const layer = useRef(null)
  const { elements } = design.body
  // An element that gets another place in the order keeps the focus.
  useEffect(() => {
    if (layer.current.contains(document.activeElement)) layer.current.children[selected]?.focus()
  }, [selected])
  const put = (index, element, key) => design.change({ ...design.body, elements: withValue(elements, [index], element) }, { key })
  const setElements = (changed) => design.change({ ...design.body, elements: changed })

  const begin = (index, handle) => (event) => {
    if (event.button) return
    event.stopPropagation()
    event.preventDefault()
    event.currentTarget.focus()
    event.currentTarget.setPointerCapture(event.pointerId)
    onSelect(index)
    drag.current = { index, handle, x: event.clientX, y: event.clientY, box: boxOf(elements[index], design.body, size), element: elements[index] }
  }
  const move = (event) => {
    const { current } = drag
    if (!current) return
    const [dx, dy] = [(event.clientX - current.x) / scale, (event.clientY - current.y) / scale]
    const { element, box } = current
    if (current.handle === 'rotate') {
      const place = layer.current.getBoundingClientRect()
      const angle = Math.atan2((event.clientY - place.top) / scale - box.y - box.height / 2, (event.clientX - place.left) / scale - box.x - box.width / 2)
      const degrees = (angle * 180) / Math.PI + 90
      const rotate = event.shiftKey ? Math.round(degrees / 15) * 15 : Math.round(degrees)
      return setLive({ index: current.index, element: { ...element, rotate: ((rotate + 540) % 360) - 180 } })
    }
    const moved = current.handle === 'move' ? [dx, dy] : turned(dx, dy, element.rotate || 0)
    setLive({ index: current.index, element: inBox(element, box, changedBox(box, current.handle, ...moved, { fine: event.altKey, keepRatio: event.shiftKey })) })
  }
  const end = () => {
    if (live && drag.current) put(live.index, live.element, '')
    drag.current = null
    setLive(null)
  }

  const keys = (index) => (event) => {
    const element = elements[index]
    const arrow = MOVES[event.key]
    const box = boxOf(element, design.body, size)
    const step = event.shiftKey ? 10 : event.altKey ? 0.1 : 1
    const done = () => { event.preventDefault(); event.stopPropagation() }
    if (arrow) {
      done()
      const [dx, dy] = arrow.map((one) => one * step)
      return put(index, inBox(element, box, changedBox(box, event.ctrlKey || event.metaKey ? 'se' : 'move', dx, dy, { fine: true })), `keys-${index}`)
    }
    if (['Delete', 'Backspace'].includes(event.key) && elements.length > 1) { done(); onSelect(null); return setElements(withValue(elements, [index], undefined)) }
    if (['r', 'R'].includes(event.key) && !event.ctrlKey && !event.metaKey) { done(); return put(index, { ...element, rotate: (((element.rotate || 0) + (event.shiftKey ? -5 : 5) + 540) % 360) - 180 }, `keys-${index}`) }
    if (event.key === 'd' && (event.ctrlKey || event.metaKey)) { done(); setElements([...elements, inBox(element, box, { ...box, x: box.x + 5, y: box.y + 5 })]); return onSelect(elements.length) }
    const to = { '[': index - 1, ']': index + 1 }[event.key]
    if (to !== undefined && to >= 0 && to < elements.length) { done(); setElements(reordered(elements, index, to)); return onSelect(to) }
    if (event.key === 'Escape') { done(); onSelect(null) }
    return undefined
  }

  return html`<div class="composer" ref=${layer} role="group" aria-label=${words.elementsOnSheet} onPointerDown=${(event) => event.target === layer.current && onSelect(null)}>
    ${elements.map((given, index) => {
      const element = live?.index === index ? live.element : given
      const box = boxOf(element, design.body, size)
      const style = { left: `${box.x * scale}px`, top: `${box.y * scale}px`, width: `${Math.max(box.width * scale, 8)}px`, height: `${Math.max(box.height * scale, 8)}px`, transform: `rotate(${element.rotate || 0}deg)`, zIndex: index === selected ? 100 : index }
      const start = live?.index === index && drag.current && !element.rotate && drag.current.handle !== 'rotate' && drag.current.box
      const place = `${round(box.width)} × ${round(box.height)} mm, ${words.at} ${round(box.x)}, ${round(box.y)}`
      return html`<div key=${index} class=${`on-sheet ${index === selected ? 'selected' : ''} ${['circle', 'ellipse'].includes(element.type) || ['circle', 'ellipse'].includes(element.outline) ? 'round' : ''}`} style=${style}
        role="button" tabindex="0" aria-pressed=${String(index === selected)} aria-label=${`${elementName(element)}, ${place}`} aria-describedby="composer-keys" onFocus=${() => index !== selected && !drag.current && onSelect(index)}
        onPointerDown=${begin(index, 'move')} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end} onKeyDown=${keys(index)}>
        ${index === selected && HANDLES.map((handle) => html`<span key=${handle} class=${`handle ${handle}`} aria-hidden="true" onPointerDown=${begin(index, handle)} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end}></span>`)}
        ${index === selected && html`<span class="handle rotate" aria-hidden="true" onPointerDown=${begin(index, 'rotate')} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end}></span>`}
        ${start && picture && html`<span class="ghost" style=${ghost(picture, size, scale, start, box)}></span>`}
        ${live?.index === index && html`<output class="readout">${place}${element.rotate ? `, ${round(element.rotate)}°` : ''}</output>`}
      </div>`
    })}
    <p class="unseen" id="composer-keys">${words.composerKeys}</p>
  </div>`
}
