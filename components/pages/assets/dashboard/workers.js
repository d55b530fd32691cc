// The workers, and what each of them does.
import { callApi } from '/assets/access.js'
import { addressOf } from './lists.js'
import { ago, clock, make, nameOf, put, runs, span, sync } from './words.js'

const $ = (id) => document.getElementById(id)

export async function refreshWorkers() {
  const { workers } = await (await callApi('/workers')).json()
  $('no-workers').hidden = Boolean(workers.length)
  put($('no-workers'), 'No workers are running. Start one with: python -m workers')
  sync($('worker-list'), workers.map((one) => ({ id: one.name, ...one })), { create, update })
}

const create = () => make('li', { className: 'worker' }, make('p', { className: 'who' }), make('p', { className: 'does' }), make('p', { className: 'sum' }))

function update(item, worker) {
  const [who, does, sum] = item.children
  put(who, `${worker.name.slice(0, 12)} on ${worker.host}`)
  who.title = `Started ${clock(worker.born_at)}`
  item.dataset.state = worker.state
  const { job } = worker
  const text = job ? `${nameOf(job.task)} for ${runs(job.started_at)}` : { suspended: 'Paused', busy: 'Runs a job of another owner' }[worker.state] || 'Idle'
  if (does.textContent !== text) does.replaceChildren(job ? make('a', { href: addressOf(job), textContent: text }) : text)
  const failed = worker.failed ? `, ${worker.failed} failed` : ''
  put(sum, `${worker.finished.toLocaleString('en')} finished${failed} · ${span(worker.working_s)} of work since ${ago(worker.born_at)}`)
}
