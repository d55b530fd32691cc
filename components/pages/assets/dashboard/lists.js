// Lists of jobs by group: rows for most jobs, thumbnails for finished ones.
import { actionsOf } from './actions.js'
import { argumentsLine, tagLinks, titleOf } from './arguments.js'
import { showJob } from '/assets/pictures.js'
import { ago, clock, line, make, nameOf, put, runs, sync, took } from './words.js'

const $ = (id) => document.getElementById(id)

const byTime = (name, sign) => (one, other) => sign * (Date.parse(one[name] || one.created_at) - Date.parse(other[name] || other.created_at))

// `few` jobs are shown at first, all on request.
const GROUPS = [
  { name: 'running', states: ['started'], few: 20, order: byTime('started_at', 1) },
  { name: 'waiting', states: ['queued', 'scheduled', 'deferred'], few: 6, order: byTime('created_at', -1) },
  { name: 'failed', states: ['failed'], few: 6, order: byTime('ended_at', -1) },
  { name: 'finished', states: ['finished'], few: 12, order: byTime('ended_at', -1) },
  { name: 'ended', states: ['canceled', 'stopped'], few: 4, order: byTime('ended_at', -1) },
]
const WAITING = { queued: 'Waiting for a worker', scheduled: 'Scheduled', deferred: 'Waiting for other jobs' }
const open = new Set()

export const addressOf = (job) => `#job=${job.id}`

// `onAct(action, job, button)` handles clicks on buttons, `counts` has the numbers of all matching jobs by state, and `filtered` is true
// during a search.
export function showGroups(jobs, { counts, filtered, onAct }) {
  for (const group of GROUPS) {
    const here = jobs.filter((job) => group.states.includes(job.status)).sort(group.order)
    const total = group.states.reduce((sum, state) => sum + (counts.counts[state] || 0), 0)
    // A job that ended between the two requests is in the list, but not yet in the count.
    const known = { total: Math.max(total, here.length), more: !counts.complete, count: countText(group, here, counts) }
    showGroup(group, here, { ...known, any: jobs.length && !filtered, onAct })
  }
}

// The number of jobs, and of those that wait for a time or for other jobs.
function countText({ states }, jobs, { counts, complete }) {
  const total = Math.max(states.reduce((sum, state) => sum + (counts[state] || 0), 0), jobs.length)
  if (!total) return ''
  const parts = waitingParts(states.includes('queued') ? counts : {})
  if (parts.length && parts[0].startsWith(`${total} `)) return parts[0]
  return `${total.toLocaleString('en')}${complete ? '' : '+'}${parts.length ? `, of which ${parts.join(', ')}` : ''}`
}

// The numbers of jobs that wait for something else than a worker, as texts.
export const waitingParts = (counts) => [['scheduled', 'scheduled'], ['deferred', 'waiting for other jobs']]
  .filter(([state]) => counts[state])
  .map(([state, words]) => `${counts[state]} ${words}`)

function showGroup({ name, few }, jobs, known) {
  const { total, more, count, any, onAct } = known
  const section = $(name)
  const shown = open.has(name) ? jobs : jobs.slice(0, few)
  const all = section.querySelector('.all')
  // Groups that change often stay visible when empty, so that the layout does not jump.
  const none = section.querySelector('.none')
  section.hidden = !jobs.length && !(none && any)
  if (none) none.hidden = Boolean(jobs.length)
  section.querySelector('ul').hidden = !jobs.length
  put(section.querySelector('.count'), count)
  all.hidden = jobs.length <= few
  const isWhole = jobs.length === total && !more
  put(all, open.has(name) ? 'Show fewer' : isWhole ? `Show all ${total}` : `Show ${jobs.length} of ${total}${more ? '+' : ''}`)
  all.onclick = () => {
    if (!open.delete(name)) open.add(name)
    showGroup({ name, few }, jobs, known)
  }
  const [create, update] = name === 'finished' ? [() => copy('sheet'), fillSheet] : [() => copy('row'), fillRow]
  const onFocusLost = (neighbour) => (neighbour?.querySelector('a') || (section.hidden ? $('q') : section.querySelector('h2'))).focus()
  sync(section.querySelector('ul'), shown, { create, update: (child, job) => update(child, job, onAct), onFocusLost })
}

const copy = (name) => $(name).content.firstElementChild.cloneNode(true)

function fillRow(row, job, onAct) {
  const link = row.querySelector('.what a')
  link.href = addressOf(job)
  link.title = job.task
  put(link, titleOf(job))
  put(row.querySelector('code'), [job.owner, nameOf(job.task), job.id].filter(Boolean).join(' · '))
  const bar = row.querySelector('progress')
  bar.hidden = job.status !== 'started'
  if (job.progress) bar.value = job.progress.percent
  else bar.removeAttribute('value')
  bar.setAttribute('aria-label', `Progress of ${titleOf(job)}`)
  const state = row.querySelector('.said .news')
  put(state, describe(job))
  state.title = job.error || ''
  state.classList.toggle('bad', Boolean(job.error))
  const given = row.querySelector('.given')
  put(given, argumentsLine(job))
  given.title = given.textContent
  given.hidden = !given.textContent
  showTags(row.querySelector('.tags'), job)
  const when = row.querySelector('.when')
  put(when, whenOf(job))
  when.title = clock(job.ended_at || job.started_at || job.created_at)
  fillActions(row.querySelector('.acts'), job, onAct)
}

function showTags(element, job) {
  const text = job.tags.join('\n')
  if (element.dataset.tags !== text) element.replaceChildren(...tagLinks(job))
  element.dataset.tags = text
  element.hidden = !text
}

function describe({ status, progress, error, retries_left: left, attempt }) {
  if (status === 'started') {
    const again = attempt > 1 ? ` (attempt ${attempt})` : ''
    return progress ? `${progress.percent} %${progress.message ? ` · ${progress.message}` : ''}${again}` : `Started${again}`
  }
  if (error) return error
  if (WAITING[status]) return attempt && left ? `Attempt ${attempt} failed, ${left} left` : WAITING[status]
  return { canceled: 'Canceled', stopped: 'Stopped' }[status] || ''
}

function whenOf(job) {
  if (job.status === 'started') return `for ${runs(job.started_at || job.created_at)}`
  return ago(job.ended_at || job.created_at)
}

export function fillActions(element, job, onAct, { detailed = false } = {}) {
  sync(element, actionsOf(job).filter((action) => detailed || !action.detailed), {
    create: ({ id }) => make('button', { type: 'button', className: id === 'delete' ? 'quiet danger' : 'quiet' }),
    update(button, action) {
      put(button, action.label)
      button.setAttribute('aria-label', `${action.label}: ${titleOf(job)}, ${nameOf(job.task)} ${job.id}`)
      button.onclick = () => onAct(action, job, button)
    },
  })
}

// The return value of the task, without its envelope.
const answerOf = ({ result }) => (typeof result?.result === 'string' ? result.result : result ?? 'Done')

function fillSheet(item, job) {
  const [sheet, image, text, name] = ['.sheet', 'img', '.text', '.name a'].map((one) => item.querySelector(one))
  name.href = addressOf(job)
  name.title = job.task
  const title = titleOf(job)
  put(name, title)
  const when = item.querySelector('.when')
  const times = [ago(job.ended_at), took(job)].filter(Boolean).join(' · ')
  put(when, [job.owner, times].filter(Boolean).join('\n'))
  showTags(item.querySelector('.tags'), job)
  when.title = clock(job.ended_at)
  if (job.links.preview) {
    sheet.href = job.links.result
    sheet.setAttribute('aria-label', `Drawing of ${title}`)
    sheet.dataset.file = job.artifacts[0]?.name || job.id
    image.alt = `Drawing of ${title}, ${nameOf(job.task)} ${job.id}`
    showJob(image, job, () => put(text, 'No preview available.'))
  } else {
    sheet.href = addressOf(job)
    put(text, job.artifacts.length ? job.artifacts.map((one) => one.name).join('\n') : line(answerOf(job)).slice(0, 300))
  }
  item.classList.toggle('drawn', Boolean(job.links.preview))
}
