// Crops a photo before it is sent: by pointer, by keyboard, or to the shape of the page.
import { cropped } from './files.js'
import { useDialog } from './hooks.js'
import { html, useEffect, useRef, useState } from './ids.js'
import { words } from './words.js'

const MAX_SHOWN = 560
const MIN_SHARE = 0.05
const RATIOS = { free: null, page: Math.SQRT1_2, across: Math.SQRT2, square: 1 }
const HANDLES = ['nw', 'ne', 'sw', 'se']
const limited = (value, least, most) => Math.min(most, Math.max(least, value))

// The largest crop of a ratio in the middle, as shares of the photo.
function centred(ratio, bitmap) {
  if (!ratio) return { x: 0, y: 0, width: 1, height: 1 }
  const own = bitmap.width / bitmap.height
  const width = Math.min(1, ratio / own)
  const height = Math.min(1, own / ratio)
  return { x: (1 - width) / 2, y: (1 - height) / 2, width, height }
}

function resized(crop, handle, dx, dy, ratio, bitmap) {
  const right = crop.x + crop.width
  const bottom = crop.y + crop.height
  const left = handle.includes('w') ? limited(crop.x + dx, 0, right - MIN_SHARE) : crop.x
  const top = handle.includes('n') ? limited(crop.y + dy, 0, bottom - MIN_SHARE) : crop.y
  let width = handle.includes('e') ? limited(crop.width + dx, MIN_SHARE, 1 - crop.x) : right - left
  let height = handle.includes('s') ? limited(crop.height + dy, MIN_SHARE, 1 - crop.y) : bottom - top
  if (ratio) {
    const shares = ratio * bitmap.height / bitmap.width
    if (width / height > shares) width = height * shares
    else height = width / shares
  }
  return { x: handle.includes('w') ? right - width : left, y: handle.includes('n') ? bottom - height : top, width, height }
}

export function Crop({ photo, onUse, onCancel, busy }) {
  const { bitmap, file } = photo
  const [crop, setCrop] = useState({ x: 0, y: 0, width: 1, height: 1 })
  const [ratio, setRatio] = useState('free')
  const canvas = useRef(null)
  const drag = useRef(null)
  const dialog = useDialog(onCancel)
  const scale = Math.min(MAX_SHOWN / bitmap.width, (window.innerHeight * 0.5) / bitmap.height, (window.innerWidth - 80) / bitmap.width)
  const [wide, high] = [bitmap.width * scale, bitmap.height * scale]
  useEffect(() => {
    const context = canvas.current.getContext('2d')
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, 0, 0, canvas.current.width, canvas.current.height)
  }, [])
  const change = (handle, start, dx, dy) => setCrop(handle === 'move'
    ? { ...start, x: limited(start.x + dx, 0, 1 - start.width), y: limited(start.y + dy, 0, 1 - start.height) }
    : resized(start, handle, dx, dy, RATIOS[ratio], bitmap))
  const begin = (handle) => (event) => {
    event.stopPropagation()
    event.currentTarget.setPointerCapture(event.pointerId)
    drag.current = { handle, crop, x: event.clientX, y: event.clientY }
  }
  const move = (event) => {
    const { current } = drag
    if (current) change(current.handle, current.crop, (event.clientX - current.x) / wide, (event.clientY - current.y) / high)
  }
  const keys = (handle) => (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || []
    if (dx === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const size = event.shiftKey ? 0.1 : 0.01
    change(handle, crop, dx * size, dy * size)
  }
  const use = async () => onUse(await cropped(bitmap, { x: crop.x * bitmap.width, y: crop.y * bitmap.height, width: crop.width * bitmap.width, height: crop.height * bitmap.height }))
  const end = () => { drag.current = null }
  const pixels = `${Math.round(crop.width * bitmap.width)} × ${Math.round(crop.height * bitmap.height)}`
  return html`<dialog ref=${dialog} class="crop-dialog controls" aria-labelledby="crop-title"><h2 id="crop-title">${words.cropTitle}</h2>
    <p class="hint">${words.cropHint}</p>
    <div class="cropping" style=${{ width: `${wide}px`, height: `${high}px` }}>
      <canvas ref=${canvas} width=${Math.round(wide * 2)} height=${Math.round(high * 2)} role="img" aria-label=${file.name}></canvas>
      <div class="crop" role="application" tabindex="0" aria-label=${words.cropArea(pixels)} style=${{ left: `${crop.x * 100}%`, top: `${crop.y * 100}%`, width: `${crop.width * 100}%`, height: `${crop.height * 100}%` }}
        onPointerDown=${begin('move')} onPointerMove=${move} onPointerUp=${end} onKeyDown=${keys('move')}>
        ${HANDLES.map((one) => html`<button type="button" key=${one} class=${`handle ${one}`} aria-label=${words.corners[one]} onPointerDown=${begin(one)} onPointerMove=${move} onPointerUp=${end} onKeyDown=${keys(one)}></button>`)}
      </div>
    </div>
    <div class="segments" role="radiogroup" aria-label=${words.shape}>${Object.keys(RATIOS).map((one) => html`<label key=${one}><input type="radio" name="ratio" checked=${ratio === one} onChange=${() => { setRatio(one); setCrop(centred(RATIOS[one], bitmap)) }} /><span>${words.ratios[one]}</span></label>`)}</div>
    <p class="buttons"><button type="button" disabled=${Boolean(busy)} onClick=${use}>${words.usePhoto}</button><button type="button" class="quiet" onClick=${() => dialog.current.close()}>${words.cancel}</button><span class="hint">${pixels}</span></p>
  </dialog>`
}
