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

// All arguments in one line: `recipient: Ann, message: Hello`.
export function argumentsLine(job) {
  return entries(job).filter(([, , value]) => value !== null).map(([, name, value]) => `${name}: ${line(value)}`).join(', ')
}

// The texts among the arguments, such as `Ann · Hello`; the name of the task if there are none.
export function titleOf(job) {
  const words = entries(job)
    .filter(([field, name, value]) => typeof value === 'string' && value.trim() && !TECHNICAL.has(name) && !isIncomplete(job, field))
    .slice(0, MAX_TITLE_WORDS)
    .map(([, , value]) => line(value).replace(/\s+/g, ' '))
  const text = words.join(' · ') || nameOf(job.task)
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
