// Search in the reference: entries that have all words, each with the fields whose names have one.
import { words } from './words.js'

const TYPING_DELAY_MS = 120
const $ = (id) => document.getElementById(id)
let index = null

// Made with the first search: reading the text of the page takes some milliseconds.
function entries() {
  index ||= [...document.querySelectorAll('main article')].map((article) => ({
    article,
    text: article.textContent.toLowerCase(),
    link: document.querySelector(`.contents a[href="#${CSS.escape(article.id)}"]`)?.parentElement,
    rows: [...article.querySelectorAll('.scroll:not(details .scroll) tbody tr')].map((row) => [row, row.firstElementChild.textContent.toLowerCase()]),
  }))
  return index
}

function search(query) {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean)
  const main = document.querySelector('main')
  main.classList.toggle('searching', terms.length > 0)
  let hits = 0
  for (const { article, text, link, rows } of entries()) {
    const isHit = terms.every((one) => text.includes(one))
    hits += isHit
    article.hidden = !isHit
    if (link) link.hidden = !isHit
    for (const [row, name] of rows) row.classList.toggle('hit', terms.some((one) => name.includes(one)))
  }
  for (const section of main.querySelectorAll('section')) section.hidden = !section.querySelector('article:not([hidden])')
  for (const list of document.querySelectorAll('.contents ul')) {
    const isEmpty = !list.querySelector('li:not([hidden])')
    list.hidden = isEmpty
    if (list.previousElementSibling?.tagName === 'H2') list.previousElementSibling.hidden = isEmpty
  }
  $('hits').textContent = !terms.length ? '' : hits ? words.hits(hits) : words.noHits
}

/** Connects the search field. */
export function startSearch() {
  let typing = 0
  $('words').addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(() => search($('words').value), TYPING_DELAY_MS)
  })
  $('find').addEventListener('submit', (event) => {
    event.preventDefault()
    search($('words').value)
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.closest('input, textarea, select')) return
    event.preventDefault()
    $('words').focus()
  })
  // A hit is shown whole, at its place.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('.searching article h3 a[href^="#"]')
    if (!link) return
    $('words').value = ''
    search('')
    document.querySelector(link.getAttribute('href')).scrollIntoView()
  })
}
