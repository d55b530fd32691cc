// Figures over an hour, a day or a week: a chart, a table of tasks, failures by cause, and owners.
import { callApi } from '/assets/access.js'
import { drawChart } from './chart.js'
import { addressOf } from './lists.js'
import { ago, make, nameOf, put, span, sync } from './words.js'

const $ = (id) => document.getElementById(id)
const PERIODS = ['hour', 'day', 'week']
const KEPT = 'vector-dashboard-period'
const COLUMNS = ['finished', 'failed', 'retried', 'canceled']
let latest = 0
let handlers = {}
let shownOwner = ''

const period = () => (PERIODS.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : 'hour')
const number = (count) => count.toLocaleString('en')

/**
 * Loads and shows the figures.
 * @param {string} owner '' for the owner of the key, '*' for all
 * @param {{ onFilter: (conditions: object) => void, onRetry: (button: HTMLElement, filter: object) => void }} actions
 */
export async function refreshStatistics(owner, actions = handlers) {
  handlers = actions
  shownOwner = owner
  const mine = ++latest
  const query = new URLSearchParams({ period: period(), ...(owner && { owner }) })
  const found = await (await callApi(`/statistics?${query}`)).json()
  if (mine === latest) show(found)
  return found
}

function show(found) {
  for (const button of $('periods').children) button.setAttribute('aria-pressed', String(button.value === period()))
  drawChart(found)
  const tasks = found.tasks.toSorted((one, other) => other.finished + other.failed - one.finished - one.failed)
  $('no-tasks').hidden = Boolean(tasks.length)
  $('tasks').hidden = !tasks.length
  sync($('tasks').querySelector('tbody'), tasks.map((one) => ({ id: one.task, ...one })), { create: newTask, update: fillTask })
  $('no-causes').hidden = Boolean(found.causes.length)
  sync($('causes'), found.causes.map((one) => ({ id: `${one.task} ${one.error_code} ${one.cause}`, ...one })), { create: newCause, update: fillCause })
}

// On narrow screens, each cell shows its column name.
function cells(labels) {
  return labels.map((label) => {
    const cell = make('td')
    cell.dataset.label = label
    return cell
  })
}

function newTask() {
  const name = make('button', { type: 'button', className: 'link' })
  return make('tr', {}, make('th', { scope: 'row' }, name), ...cells(['Finished', 'Failed', 'Retried', 'Canceled', 'Mean time']))
}

function fillTask(row, one) {
  const [head, ...numbers] = row.children
  put(head.firstChild, nameOf(one.task))
  head.firstChild.title = `Show the jobs of ${one.task}`
  head.firstChild.onclick = () => handlers.onFilter({ task: one.task })
  COLUMNS.forEach((name, index) => put(numbers[index], number(one[name] + (name === 'canceled' ? one.stopped : 0))))
  const ended = one.finished + one.failed
  if (one.failed) put(numbers[1], `${number(one.failed)} (${Math.max(1, Math.round((100 * one.failed) / ended))} %)`)
  numbers[1].classList.toggle('bad', one.failed > 0)
  put(numbers[4], one.mean_s === null ? '–' : span(one.mean_s))
}

function newCause() {
  const acts = make('p', { className: 'acts' }, make('button', { type: 'button', className: 'quiet', textContent: 'Show' }), make('button', { type: 'button', className: 'quiet', textContent: 'Retry…' }))
  return make('li', { className: 'cause' }, make('p', { className: 'number' }), make('div', {}, make('p', { className: 'text' }), make('p', { className: 'hint' }, make('span'), make('a'))), acts)
}

function fillCause(item, one) {
  const [count, about, acts] = item.children
  const [text, note] = about.children
  put(count, number(one.jobs))
  count.title = `${number(one.jobs)} failures, counted by day`
  put(text, one.cause || one.error_code)
  put(note.firstChild, `${nameOf(one.task)}, ${one.error_code}, `)
  put(note.lastChild, `last ${ago(one.last_at)}`)
  note.lastChild.href = addressOf({ id: one.last_job })
  const filter = { status: 'failed', task: one.task, ...(one.q && { q: one.q }) }
  const [open, retry] = acts.children
  open.onclick = () => handlers.onFilter(filter)
  retry.hidden = shownOwner === '*'
  retry.onclick = () => handlers.onRetry(retry, filter)
  for (const button of acts.children) button.setAttribute('aria-label', `${button.textContent} jobs that failed: ${text.textContent}`)
}

/** Shows the table of owners, and the choice of one, to an administrator of several. */
export function showOwners({ owners = [] }, isAdmin) {
  const several = isAdmin && owners.length > 1
  $('owners-part').hidden = !several
  $('owner-field').hidden = !several
  if (!several) return
  const select = $('owner')
  const names = owners.map((one) => one.owner).sort()
  if (select.dataset.known !== names.join()) {
    const chosen = select.value
    select.replaceChildren(new Option('Mine', ''), new Option('All', '*'), ...names.map((name) => new Option(name, name)))
    select.value = chosen
    select.dataset.known = names.join()
  }
  sync($('owners').querySelector('tbody'), owners.map((one) => ({ id: one.owner, ...one })), { create: newOwner, update: fillOwner })
}

function newOwner() {
  const name = make('button', { type: 'button', className: 'link' })
  return make('tr', {}, make('th', { scope: 'row' }, name), ...cells(['Waiting', 'Running', 'Finished', 'Failed', 'Rate']))
}

const MINUTES = { hour: 60, day: 1440, week: 10_080 }

function fillOwner(row, one) {
  const [head, waiting, running, finished, failed, rate] = row.children
  put(head.firstChild, one.owner)
  head.firstChild.title = `Show the jobs of ${one.owner}`
  head.firstChild.onclick = () => {
    $('owner').value = one.owner
    handlers.onFilter({})
  }
  put(waiting, number(one.waiting))
  put(running, number(one.running))
  put(finished, number(one.finished))
  put(failed, number(one.failed))
  failed.classList.toggle('bad', one.failed > 0)
  const perMinute = (one.finished + one.failed) / MINUTES[period()]
  put(rate, perMinute >= 1 ? `${perMinute.toFixed(1)} a minute` : `${(perMinute * 60).toFixed(1)} an hour`)
}

$('periods').addEventListener('click', (event) => {
  const button = event.target.closest('button')
  if (!button) return
  localStorage.setItem(KEPT, button.value)
  refreshStatistics(shownOwner).catch(() => {})
})
