// The drawing in a frame on a wall, painted onto a canvas.
import { html, useEffect, useRef, useState } from '/assets/vendor/preact.js'
import { fetchDrawing } from '../plot/source.js'
import { Outcome, useDownload } from './files.js'
import { fileName, pngOf } from './saving.js'
import { words } from './words.js'

const SIZE_PX = 1600
const FRAMES = { black: ['#26272b', '#0f1012'], white: ['#fcfcfa', '#d9d6cf'], oak: ['#d3ab77', '#a97c47'] }

/** Paints a picture of a page in a frame. @param {HTMLCanvasElement} canvas @param {CanvasImageSource} picture */
function paintFramed(canvas, picture, page, { frame, mat }) {
  const context = canvas.getContext('2d')
  const longer = Math.max(page.width, page.height)
  // The page takes about half of the wall.
  const scale = (0.56 * SIZE_PX) / longer
  const [width, height] = [page.width * scale, page.height * scale]
  const [edge, board] = [0.035 * SIZE_PX, mat ? 0.055 * SIZE_PX : 0]
  canvas.width = SIZE_PX
  canvas.height = Math.round(Math.max(0.75 * SIZE_PX, height + 2 * (edge + board) + 0.16 * SIZE_PX))
  const [left, top] = [(canvas.width - width) / 2, (canvas.height - height) / 2 - 0.01 * SIZE_PX]
  const wall = context.createLinearGradient(0, 0, canvas.width, canvas.height)
  wall.addColorStop(0, '#e9e5dc')
  wall.addColorStop(1, '#cfc9bc')
  context.fillStyle = wall
  context.fillRect(0, 0, canvas.width, canvas.height)
  const box = (grow) => [left - grow, top - grow, width + 2 * grow, height + 2 * grow]
  const shaded = (colour, grow, blur, offset, shade) => {
    context.save()
    context.shadowColor = shade
    context.shadowBlur = blur
    context.shadowOffsetX = offset * 0.5
    context.shadowOffsetY = offset
    context.fillStyle = colour
    context.fillRect(...box(grow))
    context.restore()
  }
  const [light, dark] = FRAMES[frame]
  shaded(dark, board + edge, 60, 34, 'rgb(40 34 24 / 45%)')
  const rail = context.createLinearGradient(left, top - board - edge, left + width, top + height + board + edge)
  rail.addColorStop(0, light)
  rail.addColorStop(1, dark)
  context.fillStyle = rail
  context.fillRect(...box(board + edge))
  context.strokeStyle = 'rgb(0 0 0 / 25%)'
  context.lineWidth = 2
  context.strokeRect(...box(board + 1))
  context.fillStyle = mat ? '#fbfaf6' : '#ffffff'
  context.fillRect(...box(board))
  if (mat) shaded('#ffffff', 3, 6, 2, 'rgb(60 50 30 / 35%)')
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, left, top, width, height)
  // The frame throws a shadow on what it holds.
  for (const [x, y, wide, tall, toX, toY] of [[left - board, top - board, width + 2 * board, 26, 0, 26], [left - board, top - board, 18, height + 2 * board, 18, 0]]) {
    const shade = context.createLinearGradient(x, y, x + toX, y + toY)
    shade.addColorStop(0, 'rgb(40 34 24 / 28%)')
    shade.addColorStop(1, 'rgb(40 34 24 / 0%)')
    context.fillStyle = shade
    context.fillRect(x, y, wide, tall)
  }
}

/** @param {{source: object, name: string, page: {width: number, height: number}}} props */
export function Framed({ source, name, page }) {
  const canvas = useRef(null)
  const [picture, setPicture] = useState(null)
  const [look, setLook] = useState({ frame: 'black', mat: true })
  const [failure, setFailure] = useState('')
  const [state, start] = useDownload()
  useEffect(() => {
    const controller = new AbortController()
    const dpi = Math.floor(Math.min(300, (1790 * 25.4) / Math.max(page.width, page.height)))
    fetchDrawing(source, { format: 'png', dpi: Math.max(10, dpi) }, controller.signal)
      .then((reply) => reply.blob()).then(createImageBitmap).then(setPicture)
      .catch((error) => { if (!controller.signal.aborted) setFailure(error.message) })
    return () => controller.abort()
  }, [])
  useEffect(() => { if (picture) paintFramed(canvas.current, picture, page, look) }, [picture, look])
  if (failure) return html`<p class="take-outcome bad" role="alert">${words.failed(failure)}</p>`
  return html`<div class="take-frame">
    <canvas ref=${canvas} class="take-picture" role="img" aria-label=${words.mockUp} hidden=${!picture}></canvas>
    ${!picture && html`<p role="status">${words.making}</p>`}
    <div class="take-options">
      <label>${words.frame}<select value=${look.frame} onChange=${(event) => setLook({ ...look, frame: event.target.value })}>
        ${Object.entries(words.frames).map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></label>
      <label class="take-check"><input type="checkbox" checked=${look.mat} onChange=${(event) => setLook({ ...look, mat: event.target.checked })} /> <span>${words.mat}</span></label>
      <p class="take-buttons"><button type="button" disabled=${!picture || state.busy}
        onClick=${() => start(async () => ({ blob: await pngOf(canvas.current), name: fileName(`${name || 'drawing'} framed`, '.png') }))}>${words.download} .png</button></p>
      <${Outcome} state=${state} />
    </div>
  </div>`
}
