// The table of schedules.
import { addressOf } from './lists.js'
import { ago, clock, make, nameOf, put, sentence, sync, until } from './words.js'

const $ = (id) => document.getElementById(id)

export function showSchedules(schedules, error) {
  $('schedules').hidden = !schedules.length
  $('no-schedules').hidden = Boolean(schedules.length)
  put($('no-schedules'), error ? sentence(error.message) : 'No schedules. Add them to schedules.toml.')
  sync($('schedules').querySelector('tbody'), schedules.map((one) => ({ id: one.name, ...one })), { create: newSchedule, update: fillSchedule })
}

// On narrow screens, each cell shows its column name.
function labelled(label) {
  const cell = make('td')
  cell.dataset.label = label
  return cell
}

function newSchedule() {
  const name = make('th', { scope: 'row' }, make('span'), make('span', { className: 'hint' }))
  return make('tr', {}, name, ...['Schedule (UTC)', 'Next run', 'Last run', 'Runs'].map(labelled))
}

function fillSchedule(row, one) {
  const [name, when, following, last, runs] = row.children
  put(name.firstChild, one.name)
  put(name.lastChild, nameOf(one.task))
  name.lastChild.title = one.task
  put(when, one.when)
  put(following, until(one.next_run))
  following.title = clock(one.next_run)
  const done = one.last_run ? `${ago(one.last_run)}${one.last_status ? `, ${one.last_status}` : ''}` : 'never'
  if (last.textContent !== done) last.replaceChildren(one.last_job && one.last_status ? make('a', { href: addressOf({ id: one.last_job }), textContent: done }) : done)
  last.classList.toggle('bad', one.last_status === 'failed')
  const left = [[one.missed, 'missed'], [one.skipped, 'skipped']].filter(([count]) => count).map(([count, word]) => `${count} ${word}`)
  put(runs, [one.runs, ...left].join(', '))
}
