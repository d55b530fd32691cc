// The front page: drawings that draw themselves, and the latest drawings of the gallery.
import { callApi, getKey } from '/assets/access.js'
import { nameOf, showPicture } from '/assets/pictures.js'
import { SelfDrawing, readStrokes } from '/assets/front/drawing.js'
import { words } from '/assets/front/words.js'

const RECENT = 8
const still = matchMedia('(prefers-reduced-motion: reduce)')
const drawings = []

async function start(canvas) {
  const drawing = new SelfDrawing(canvas, readStrokes(await (await callApi(canvas.dataset.drawing)).text()))
  drawings.push(drawing)
  if (still.matches) drawing.finish()
  else await drawing.play(Number(canvas.dataset.seconds))
  canvas.dataset.state = 'drawn'
}

async function startAll() {
  const started = [...document.querySelectorAll('canvas[data-drawing]')].map(start)
  const again = document.getElementById('again')
  await Promise.allSettled(started)
  if (!drawings.length || still.matches) return
  again.hidden = false
  again.addEventListener('click', async () => {
    again.disabled = true
    await Promise.all(drawings.map((one) => one.play(Number(one.canvas.dataset.seconds))))
    again.disabled = false
  })
}

function card(drawing) {
  const item = document.getElementById('recent-card').content.firstElementChild.cloneNode(true)
  const title = nameOf(drawing) || words.untitled
  item.querySelector('a').href = `${drawing.links.self}/page`
  // The link has the title as text.
  const { style, classList } = item.querySelector('.leaf')
  style.aspectRatio = `${drawing.width || 1} / ${drawing.height || 1}`
  classList.toggle('wide', drawing.width >= drawing.height)
  item.querySelector('.caption').textContent = title
  return item
}

async function showRecent() {
  const list = document.getElementById('recent')
  const note = document.getElementById('recent-note')
  if (list.dataset.keys && !getKey()) {
    note.textContent = words.keyNeeded
    return
  }
  try {
    const { items } = await (await callApi(`/gallery?limit=${RECENT}`)).json()
    list.replaceChildren(...items.map(card))
    note.textContent = items.length ? '' : words.none
    items.toReversed().forEach((one, index) => showPicture(list.children[items.length - 1 - index].querySelector('img'), one.links.thumbnail))
  } catch (error) {
    list.replaceChildren()
    note.textContent = error.status === 401 ? words.keyNeeded : error.message
  }
}

startAll()
showRecent()
