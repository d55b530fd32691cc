// Pan and zoom by mouse, touch, wheel and keyboard. With one finger the page scrolls until the drawing is enlarged.
const STEP_PX = 60
const WHEEL = 0.0022

/**
 * Connects the inputs of an element to a stage. Returns a function that removes them.
 * @param {HTMLElement} element
 * @param {import('./stage.js').Stage} stage
 * @param {{onCursor: (position: number[]|null) => void, onPlay: () => void, onStep: (direction: number) => void}} handlers
 */
export function connect(element, stage, { onCursor, onPlay, onStep }) {
  const pointers = new Map()
  const controller = new AbortController()
  const listen = (type, act, options = {}) => element.addEventListener(type, act, { signal: controller.signal, ...options })
  const pointOf = (event) => {
    const { left, top } = element.getBoundingClientRect()
    return [event.clientX - left, event.clientY - top]
  }
  const spread = () => {
    const [one, two] = [...pointers.values()]
    return { distance: Math.hypot(one[0] - two[0], one[1] - two[1]), middle: [(one[0] + two[0]) / 2, (one[1] + two[1]) / 2] }
  }

  listen('pointerdown', (event) => {
    if (event.button) return
    pointers.set(event.pointerId, pointOf(event))
    if (event.pointerType === 'mouse' || pointers.size === 2 || !stage.isFitted) element.setPointerCapture(event.pointerId)
  })
  listen('pointermove', (event) => {
    const point = pointOf(event)
    onCursor(stage.position(point))
    const before = pointers.get(event.pointerId)
    if (!before) return
    if (pointers.size === 1) {
      pointers.set(event.pointerId, point)
      if (event.pointerType === 'mouse' || !stage.isFitted) stage.move([point[0] - before[0], point[1] - before[1]])
    } else if (pointers.size === 2) {
      const old = spread()
      pointers.set(event.pointerId, point)
      const next = spread()
      stage.zoom(next.distance / (old.distance || 1), old.middle)
      stage.move([next.middle[0] - old.middle[0], next.middle[1] - old.middle[1]])
    }
  })
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) listen(type, (event) => pointers.delete(event.pointerId))
  listen('pointerleave', () => onCursor(null))
  listen('dblclick', (event) => stage.zoom(2, pointOf(event)))
  listen('wheel', (event) => {
    // The page scrolls below a drawing that is not in use.
    if (!event.ctrlKey && document.activeElement !== element) return
    event.preventDefault()
    const lines = event.deltaMode === 1 ? 16 : 1
    stage.zoom(Math.exp(-event.deltaY * lines * WHEEL * (event.ctrlKey ? 3 : 1)), pointOf(event))
  }, { passive: false })
  const keys = {
    ArrowLeft: () => stage.move([STEP_PX, 0]),
    ArrowRight: () => stage.move([-STEP_PX, 0]),
    ArrowUp: () => stage.move([0, STEP_PX]),
    ArrowDown: () => stage.move([0, -STEP_PX]),
    '+': () => stage.zoom(1.4),
    '=': () => stage.zoom(1.4),
    '-': () => stage.zoom(1 / 1.4),
    0: () => stage.fit(),
    ' ': onPlay,
    ',': () => onStep(-1),
    '.': () => onStep(1),
  }
  listen('keydown', (event) => {
    const act = !event.ctrlKey && !event.metaKey && !event.altKey && event.target === element && keys[event.key]
    if (!act) return
    event.preventDefault()
    act()
  })
  return () => controller.abort()
}
