// The page /gallery/page: filters, and the drawings that match them, loaded while the user scrolls.
import { callApi, setKey } from '/assets/access.js'
import { cardOf, showPictures, update } from './cards.js'
import { editDrawing } from './editor.js'
import { Grid } from './grid.js'
import { words } from './words.js'

const $ = (id) => document.getElementById(id)
const FILTERS = ['q', 'pattern', 'color', 'tag', 'paper', 'before', 'kept']
const TYPING_DELAY_MS = 200
const PAGE = 100
// Cards that are loaded ahead of the last one in the document.
const AHEAD = 40

let latest = 0
let nextCursor = null
let isLoading = false

// ---- filters

const value = (name) => ($(name).type === 'checkbox' ? ($(name).checked ? '1' : '') : $(name).value.trim())
const chosen = () => FILTERS.filter(value)

function apiQuery() {
  const query = new URLSearchParams({ limit: PAGE })
  for (const name of chosen()) {
    if (name === 'before') query.set('until', `${value(name)}T00:00:00Z`)
    else query.set(name, value(name))
  }
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
  showChosen()
}

function writeAddress() {
  const query = new URLSearchParams(chosen().map((name) => [name, value(name)]))
  history.replaceState(null, '', query.size ? `?${query}` : location.pathname)
  showChosen()
}

function showChosen() {
  const count = chosen().filter((name) => name !== 'q').length
  $('clear').hidden = !chosen().length
  $('filter-count').textContent = count ? ` (${count})` : ''
}

// ---- the grid

const actions = {
  onEdit(card) {
    editDrawing(card.drawing, {
      onSaved(drawing) {
        update(card, Object.assign(card.drawing, drawing), actions)
        fillFilters()
      },
      onRemoved() {
        grid.remove(card.drawing.id)?.querySelector('.edit').focus()
        showCount()
        fillFilters()
      },
    })
  },
  onTag(tag) {
    choose('tag', tag)
    search()
  },
  onError: (text) => showMessage(text, true),
}

const grid = new Grid($('drawings'), {
  card: (drawing) => cardOf(drawing, actions),
  onShown(cards, end) {
    showPictures(cards)
    if (nextCursor && !isLoading && end + AHEAD >= grid.items.length) load({ more: true })
  },
})

// ---- searching

function showMessage(text, bad = false) {
  $('found').textContent = text
  $('found').classList.toggle('bad', bad)
}

function showCount() {
  const count = grid.items.length
  $('empty').hidden = Boolean(count) || chosen().length > 0
  if (count) showMessage(nextCursor ? words.more(count) : words.number(count))
  else showMessage(chosen().length ? words.noneMatch : words.none)
}

async function load({ more = false } = {}) {
  const mine = ++latest
  const query = apiQuery()
  if (more && nextCursor) query.set('cursor', nextCursor)
  isLoading = true
  $('more').hidden = true
  $('drawings').setAttribute('aria-busy', 'true')
  try {
    const page = await (await callApi(`/gallery?${query}`)).json()
    if (mine !== latest) return
    nextCursor = page.next_cursor
    grid.isComplete = !nextCursor
    isLoading = false
    if (more) grid.append(page.items)
    else grid.set(page.items)
    showCount()
  } catch (error) {
    if (mine !== latest) return
    showMessage(error.status === 401 ? words.keyNeeded : error.message, true)
    // Scrolling does not try again by itself: the server may be away for long.
    $('more').hidden = !more
  } finally {
    if (mine === latest) $('drawings').setAttribute('aria-busy', 'false')
  }
}

async function fillFilters() {
  try {
    const marks = await (await callApi('/gallery/marks')).json()
    for (const [name, found] of [['pattern', marks.patterns], ['color', marks.colors], ['tag', marks.tags]]) {
      const before = value(name)
      $(name).replaceChildren(new Option(words.all, ''), ...found.map((one) => new Option(words.counted(one.value, one.drawings), one.value)))
      choose(name, before)
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
$('show-filters').addEventListener('click', () => {
  const isOpen = $('search').classList.toggle('open')
  $('show-filters').setAttribute('aria-expanded', String(isOpen))
})
$('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  setKey($('key').value.trim())
  $('key').value = ''
  start()
})

async function start() {
  readAddress()
  await Promise.all([load(), fillFilters()])
}

start()
