// Formatting of times, sizes and names, and DOM helpers. Content is always inserted as text, never as HTML.

const SECOND = 1000
const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min']]

// Offset of the server's clock in milliseconds; the clock of the browser may be wrong.
let offset = 0

// The `Date` header has a resolution of one second, so small differences are ignored.
export function setClock(date) {
  const difference = Date.parse(date) - Date.now()
  if (Number.isFinite(difference)) offset = Math.abs(difference) < 2 * SECOND ? 0 : difference
}

const now = () => Date.now() + offset

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

// The short name of a task: the last part of its path.
export const nameOf = (task) => task.split('.').pop()

// A JSON value in one line.
export const line = (value) => (typeof value === 'string' ? value : JSON.stringify(value))

// Formats the detail of a problem as a sentence.
export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!…]$/.test(text) ? '' : '.'}`

// Leaves unchanged text alone, which keeps the selection and avoids screen reader announcements.
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text
}

// Sets text with `code` in backticks.
export function putWithCode(node, text) {
  if (node.dataset.text === text) return
  node.dataset.text = text
  node.replaceChildren(...text.split('`').map((part, index) => (index % 2 ? make('code', { textContent: part }) : part)))
}

export function make(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties)
  node.append(...children)
  return node
}

// Updates a list to have one child per item, in order. Children are reused by id and keep the focus; if the focused child is removed,
// `onFocusLost` gets its neighbour.
export function sync(list, items, { create, update, onFocusLost = () => {} }) {
  const existing = new Map([...list.children].map((child) => [child.dataset.id, child]))
  const wanted = new Set(items.map((item) => item.id))
  for (const [id, child] of existing) {
    if (wanted.has(id)) continue
    const focused = child.contains(document.activeElement)
    const neighbour = child.nextElementSibling || child.previousElementSibling
    child.remove()
    if (focused) onFocusLost(neighbour)
  }
  items.forEach((item, index) => {
    let child = existing.get(item.id)
    if (!child) {
      child = create(item)
      child.dataset.id = item.id
    }
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] || null)
    update(child, item)
  })
}
