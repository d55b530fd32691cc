// Times, sizes and names in words, and small pieces of the page. What is put into the page is put in as text, never as markup.

const SECOND = 1000
const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min']]

// How far the server's clock is ahead of this one, in milliseconds: it tells the times, and this one may be wrong.
let ahead = 0

// The header has whole seconds; a smaller difference is none.
export function setClock(date) {
  const difference = Date.parse(date) - Date.now()
  if (Number.isFinite(difference)) ahead = Math.abs(difference) < 2 * SECOND ? 0 : difference
}

const now = () => Date.now() + ahead

export function span(seconds) {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`
  for (const [size, name] of UNITS) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${name}`
  }
  return `${Math.round(seconds)} s`
}

const since = (moment) => (now() - Date.parse(moment)) / SECOND

export function ago(moment) {
  const seconds = since(moment)
  return seconds < 2 ? 'just now' : `${span(Math.round(seconds))} ago`
}

export function until(moment) {
  const seconds = -since(moment)
  return seconds < 1 ? 'now' : `in ${span(Math.round(seconds))}`
}

export const runs = (moment) => span(Math.max(1, Math.round(since(moment))))

export const took = (job) => (job.started_at && job.ended_at ? span((Date.parse(job.ended_at) - Date.parse(job.started_at)) / SECOND) : '')

export const clock = (moment) => new Date(moment).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

export const bytes = (size) => (size < 1000 ? `${size} bytes` : size < 1e6 ? `${(size / 1000).toFixed(size < 1e4 ? 1 : 0)} kB` : `${(size / 1e6).toFixed(1)} MB`)

export const jobs = (count) => `${count} ${count === 1 ? 'job' : 'jobs'}`

// What a task is called among people: the last part of its path.
export const nameOf = (task) => task.split('.').pop()

// One line of what may be any JSON value.
export const line = (value) => (typeof value === 'string' ? value : JSON.stringify(value))

// What the service says of a problem, as a sentence of its own.
export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!…]$/.test(text) ? '' : '.'}`

// Text that stays as it is keeps what is selected in it, and is not read out again.
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text
}

// Text in which what stands between backticks is code.
export function putWithCode(node, text) {
  if (node.dataset.said === text) return
  node.dataset.said = text
  node.replaceChildren(...text.split('`').map((part, place) => (place % 2 ? make('code', { textContent: part }) : part)))
}

export function make(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties)
  node.append(...children)
  return node
}

// Lets a list hold one child for each item, in order. Children are kept as long as their item is there, with whatever is focused
// in them; if the focused one goes, `onLost` hears what stands in its place.
export function sync(list, items, { create, update, onLost = () => {} }) {
  const held = new Map([...list.children].map((child) => [child.dataset.id, child]))
  const wanted = new Set(items.map((item) => item.id))
  for (const [id, child] of held) {
    if (wanted.has(id)) continue
    const lost = child.contains(document.activeElement)
    const beside = child.nextElementSibling || child.previousElementSibling
    child.remove()
    if (lost) onLost(beside)
  }
  items.forEach((item, place) => {
    let child = held.get(item.id)
    if (!child) {
      child = create(item)
      child.dataset.id = item.id
    }
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] || null)
    update(child, item)
  })
}
