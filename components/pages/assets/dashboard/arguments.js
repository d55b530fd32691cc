// Arguments and tags of jobs as text.
import { line, make, nameOf } from './words.js'

const MAX_TITLE_WORDS = 3
const MAX_TITLE_CHARS = 60
// Arguments that do not say what a job is about.
const TECHNICAL = new Set(['output_filename', 'parcel', 'encoding'])

const entries = (job) => [
  ...(job.arguments?.args || []).map((value, index) => [`args.${index}`, String(index + 1), value]),
  ...Object.entries(job.arguments?.kwargs || {}).map(([name, value]) => [`kwargs.${name}`, name, value]),
]

export const isIncomplete = (job, field) => [...job.arguments.masked, ...job.arguments.truncated].includes(field)

// The arguments in one line, without those that say nothing: `recipient: Ann, message: Hello`.
export function argumentsLine(job) {
  const isTold = ([, name, value]) => value !== null && !TECHNICAL.has(name) && JSON.stringify(value) !== '{}'
  return entries(job).filter(isTold).map(([, name, value]) => `${name}: ${line(value)}`).join(', ')
}

const readable = (name) => name.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase())
const side = (length) => Math.round(length * 10) / 10
const size = ({ width, height }) => (Number.isFinite(width) && Number.isFinite(height) ? `${side(width)} × ${side(height)} mm` : '')

// The patterns and texts of the elements of a composition; its arguments may be cut anywhere.
function elementsOf(composition) {
  const elements = Array.isArray(composition?.elements) ? composition.elements : []
  const names = elements.map((one) => (one?.type === 'pattern' && one.pattern ? readable(String(one.pattern)) : one?.type === 'text' && one.text ? line(one.text) : ''))
  return [...new Set(names.filter(Boolean))].slice(0, MAX_TITLE_WORDS).join(' · ')
}

// What a job draws, such as `Spiral · 210 × 297 mm`; otherwise the texts among its arguments, such as `Ann · Hello`, or its task.
export function titleOf(job) {
  const given = job.arguments?.kwargs || {}
  const words = entries(job)
    .filter(([field, name, value]) => typeof value === 'string' && value.trim() && !TECHNICAL.has(name) && !isIncomplete(job, field))
    .slice(0, MAX_TITLE_WORDS)
    .map(([, , value]) => line(value).replace(/\s+/g, ' '))
  const drawn = typeof given.pattern_type === 'string' ? readable(given.pattern_type) : elementsOf(given.composition)
  const parts = drawn ? [drawn, size(given.composition || given)] : words
  const text = parts.filter(Boolean).join(' · ') || readable(nameOf(job.task))
  return text.length > MAX_TITLE_CHARS ? `${text.slice(0, MAX_TITLE_CHARS)}…` : text
}

export function tagLinks(job) {
  return job.tags.map((tag) => make('a', { className: 'tag', href: `?${new URLSearchParams({ tag })}`, textContent: tag }))
}

// A list of all arguments for the details.
export function argumentsList(job) {
  const list = make('dl')
  for (const [field, name, value] of entries(job)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
    const notes = [job.arguments.masked.includes(field) && 'secrets hidden', job.arguments.truncated.includes(field) && 'shortened'].filter(Boolean)
    const note = notes.length ? [make('span', { className: 'hint', textContent: notes.join(', ') })] : []
    list.append(make('dt', { textContent: name }), make('dd', {}, text, ...note))
  }
  return list
}
