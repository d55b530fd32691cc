// The gallery. Searches are kept in the URL, so that they can be shared.
import { callApi, getKey, setKey } from '/assets/access.js'

const $ = (id) => document.getElementById(id)
const FILTERS = ['q', 'pattern', 'color', 'tag', 'paper', 'kept']
const TYPING_DELAY_MS = 200
let latest = 0
let nextCursor = null
let edited = null
const cards = new Map()

// ---- filters

const value = (name) => ($(name).type === 'checkbox' ? ($(name).checked ? '1' : '') : $(name).value.trim())

function currentQuery() {
  const query = new URLSearchParams()
  for (const name of FILTERS) if (value(name)) query.set(name, value(name))
  return query
}

function choose(name, wanted) {
  const field = $(name)
  if (field.type === 'checkbox') field.checked = wanted === '1'
  else {
    // The URL may contain a value that no drawing has.
    if (wanted && field.tagName === 'SELECT' && ![...field.options].some((one) => one.value === wanted)) field.add(new Option(wanted, wanted))
    field.value = wanted
  }
}

function readAddress() {
  const query = new URLSearchParams(location.search)
  for (const name of FILTERS) choose(name, query.get(name) || '')
}

function writeAddress() {
  const query = currentQuery().toString()
  history.replaceState(null, '', query ? `?${query}` : location.pathname)
  $('clear').hidden = !query
}

// ---- pictures

// With API keys, images cannot be loaded by `src`; they are fetched when they become visible.
const visible = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    visible.unobserve(target)
    fetchPicture(target)
  }
}, { rootMargin: '400px' })

async function fetchPicture(image) {
  try {
    image.src = URL.createObjectURL(await (await callApi(image.dataset.address)).blob())
    image.closest('a').href = image.src
  } catch {
    image.alt = 'Image not available'
  }
}

function showPicture(image, drawing) {
  image.alt = drawing.title || 'Untitled drawing'
  image.className = drawing.width >= drawing.height ? 'wide' : 'tall'
  image.width = Math.max(1, Math.round(drawing.width * 4))
  image.height = Math.max(1, Math.round(drawing.height * 4))
  if (getKey()) {
    image.dataset.address = drawing.links.drawing
    visible.observe(image)
  } else {
    image.loading = 'lazy'
    image.src = image.closest('a').href = drawing.links.drawing
  }
}

// ---- cards

const millimetres = (length) => Math.round(length * 10) / 10
const day = (moment) => new Date(moment).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' })

function facts({ width, height, paper, made_at: madeAt, seed }) {
  const size = paper ? paper.toUpperCase() : `${millimetres(width)} × ${millimetres(height)} mm`
  return [width && height ? size : '', day(madeAt), seed === null ? '' : `seed ${seed}`].filter(Boolean).join(' · ')
}

function fill(card, drawing) {
  card.querySelector('h2').textContent = drawing.title || 'Untitled'
  card.querySelector('.facts').textContent = facts(drawing)
  const keep = card.querySelector('.keep')
  keep.textContent = drawing.kept ? 'Kept' : 'Keep'
  keep.setAttribute('aria-pressed', String(drawing.kept))
  keep.disabled = false
  keep.title = drawing.kept ? 'Stays until you delete it' : 'Keep this drawing when its job expires'
  keep.setAttribute('aria-label', `${keep.textContent}: ${drawing.title || 'Untitled'}`)
  card.querySelector('.edit').setAttribute('aria-label', `Edit: ${drawing.title || 'Untitled'}`)
  card.querySelector('.tags').replaceChildren(...drawing.tags.map((tag) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = tag
    button.setAttribute('aria-label', `Show drawings tagged ${tag}`)
    button.addEventListener('click', () => { choose('tag', tag); search() })
    return button
  }))
}

function cardOf(drawing) {
  const card = $('card').content.firstElementChild.cloneNode(true)
  card.dataset.id = drawing.id
  cards.set(drawing.id, drawing)
  fill(card, drawing)
  showPicture(card.querySelector('img'), drawing)
  card.querySelector('.keep').addEventListener('click', () => keepDrawing(card))
  card.querySelector('.edit').addEventListener('click', () => openEditor(card))
  return card
}

const drawingOf = (card) => cards.get(card.dataset.id)

function update(card, drawing) {
  cards.set(drawing.id, drawing)
  fill(card, drawing)
}

async function keepDrawing(card) {
  const drawing = drawingOf(card)
  if (drawing.kept) return
  card.querySelector('.keep').disabled = true
  try {
    update(card, await (await callApi(`${drawing.links.self}/keep`, { method: 'POST' })).json())
  } catch (error) {
    card.querySelector('.keep').disabled = false
    showMessage(error.message, true)
  }
}

// ---- the editor

function openEditor(card) {
  edited = card
  const drawing = drawingOf(card)
  $('title').value = drawing.title
  $('tags').value = drawing.tags.join(' ')
  $('editor-error').textContent = ''
  $('remove').textContent = 'Delete drawing'
  $('editor').showModal()
}

async function save() {
  const drawing = drawingOf(edited)
  const body = { title: $('title').value, tags: $('tags').value.toLowerCase().split(/[\s,]+/).filter(Boolean) }
  try {
    update(edited, await (await callApi(drawing.links.self, { method: 'PATCH', body: JSON.stringify(body) })).json())
    $('editor').close()
    fillFilters()
  } catch (error) {
    $('editor-error').textContent = error.message
  }
}

async function remove() {
  if ($('remove').textContent !== 'Confirm deletion') {
    $('remove').textContent = 'Confirm deletion'
    return
  }
  try {
    await callApi(drawingOf(edited).links.self, { method: 'DELETE' })
    $('editor').close()
    cards.delete(edited.dataset.id)
    const after = edited.nextElementSibling || edited.previousElementSibling
    edited.remove()
    after?.querySelector('.edit').focus()
    showCount()
    fillFilters()
  } catch (error) {
    $('editor-error').textContent = error.message
  }
}

// ---- searching

function showMessage(text, bad = false) {
  $('found').textContent = text
  $('found').classList.toggle('bad', bad)
}

function showCount() {
  const count = $('drawings').childElementCount
  if (count) showMessage(`${count} ${count === 1 ? 'drawing' : 'drawings'}${nextCursor ? ' or more' : ''}`)
  else showMessage(currentQuery().toString() ? 'No matching drawings.' : 'No drawings yet. Create one on the Live page.')
}

async function load({ more = false } = {}) {
  const mine = ++latest
  const query = currentQuery()
  if (more && nextCursor) query.set('cursor', nextCursor)
  $('more').disabled = true
  try {
    const page = await (await callApi(`/gallery?${query}`)).json()
    if (mine !== latest) return
    nextCursor = page.next_cursor
    const loaded = page.items.map(cardOf)
    if (more) $('drawings').append(...loaded)
    else $('drawings').replaceChildren(...loaded)
    $('more').hidden = !nextCursor
    showCount()
    if (more) loaded[0]?.querySelector('a').focus()
  } catch (error) {
    if (mine === latest) showMessage(error.status === 401 ? 'Enter your API key to see your drawings.' : error.message, true)
  } finally {
    $('more').disabled = false
  }
}

async function fillFilters() {
  try {
    const marks = await (await callApi('/gallery/marks')).json()
    for (const [name, found] of [['pattern', marks.patterns], ['color', marks.colors], ['tag', marks.tags]]) {
      const chosen = value(name)
      $(name).replaceChildren(new Option('All', ''), ...found.map((one) => new Option(`${one.value} (${one.drawings})`, one.value)))
      choose(name, chosen)
    }
  } catch {
    // Optional; the search itself reports errors.
  }
}

function search() {
  writeAddress()
  return load()
}

let typing = 0
$('q').addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(search, TYPING_DELAY_MS)
})
$('search').addEventListener('change', (event) => event.target.id !== 'q' && search())
$('search').addEventListener('submit', (event) => {
  event.preventDefault()
  clearTimeout(typing)
  search()
})
$('search').addEventListener('reset', () => setTimeout(() => { $('q').focus(); search() }))
$('more').addEventListener('click', () => load({ more: true }))
$('save').addEventListener('click', save)
$('remove').addEventListener('click', remove)
$('editor').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target.tagName === 'INPUT') {
    event.preventDefault()
    save()
  }
})
$('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  setKey($('key').value.trim())
  $('key').value = ''
  start()
})

async function start() {
  readAddress()
  $('clear').hidden = !currentQuery().toString()
  await Promise.all([load(), fillFilters()])
}

start()
