// The details of one job. Its id is in the URL (`#job=ID`), so that it can be shared and the back button closes it.
import { callApi, getKey } from '/assets/access.js'
import { showMessage } from './actions.js'
import { argumentsList, tagLinks, titleOf } from './arguments.js'
import { addressOf, fillActions } from './lists.js'
import { showJob } from '/assets/pictures.js'
import { bytes, clock, line, make, put, sentence, span, took } from './words.js'

const $ = (id) => document.getElementById(id)
const MAX_RESULT_CHARS = 4000
let shown = ''
let latest = 0

export const selectedJob = () => new URLSearchParams(location.hash.slice(1)).get('job') || ''

// Shows the job of the URL, if any. `onAct` is as for `showGroups`.
export async function refreshDetail(onAct) {
  const id = selectedJob()
  const mine = ++latest
  if (!id) {
    if ($('detail').open) $('detail').close()
    return
  }
  if (!$('detail').open) begin(id)
  try {
    // The browser revalidates with its ETag; an unchanged job is answered with 304.
    const job = await (await callApi(`/jobs/${encodeURIComponent(id)}`, { cache: 'no-cache' })).json()
    if (mine !== latest) return
    const batch = job.batch_id && !job.done ? await (await callApi(`/batches/${job.batch_id}`)).json().catch(() => null) : null
    if (mine === latest && selectedJob() === id && fill(job, batch, onAct)) await showLog(job)
  } catch (error) {
    if (mine === latest && error.status && error.status !== 401) showError(error)
  }
}

function begin(id) {
  shown = ''
  showMessage('')
  put($('detail-title'), 'Job')
  put($('detail-id'), id)
  put($('detail-status'), '')
  $('detail-acts').replaceChildren()
  $('detail-facts').replaceChildren()
  $('detail-picture').hidden = true
  $('detail-log').hidden = true
  delete $('detail-picture').dataset.picture
  $('detail').showModal()
  $('detail').scrollTop = 0
}

function showError(error) {
  shown = ''
  put($('detail-status'), '')
  $('detail-acts').replaceChildren()
  $('detail-facts').replaceChildren(make('p', { className: 'note', textContent: sentence(error.message) }))
  $('detail-picture').hidden = true
  $('detail-log').hidden = true
}

async function showLog(job) {
  const text = await (await callApi(job.links.logs)).text()
  if (selectedJob() !== job.id) return
  put($('detail-log').querySelector('pre'), text)
  $('detail-log').hidden = false
}

// Returns whether anything has changed.
function fill(job, batch, onAct) {
  const text = JSON.stringify([job, batch])
  if (text === shown) return false
  shown = text
  put($('detail-title'), titleOf(job))
  put($('detail-id'), job.id)
  put($('detail-status'), job.status)
  $('detail-status').dataset.status = job.status
  fillActions($('detail-acts'), job, onAct, { detailed: true })
  const picture = $('detail-picture')
  picture.alt = `Drawing of ${titleOf(job)}`
  if (job.links.preview && job.status === 'finished') showJob(picture, job)
  $('detail-facts').replaceChildren(...[facts(job, batch), given(job), result(job), files(job), attempts(job), links(job)].filter(Boolean))
  return true
}

const part = (title, ...nodes) => make('section', {}, make('h3', { textContent: title }), ...nodes)

function facts(job, batch) {
  const rows = [
    ['Error', job.error],
    ['Error code', job.error_code],
    ['Progress', job.progress && !job.done ? `${job.progress.percent} %${job.progress.message ? ` · ${job.progress.message}` : ''}` : ''],
    ['Jobs ahead', job.position === null || job.done ? '' : String(job.position)],
    ['Submitted', job.created_at && clock(job.created_at)],
    ['Started', job.started_at && clock(job.started_at)],
    ['Ended', job.ended_at && `${clock(job.ended_at)}${took(job) ? `, after ${took(job)}` : ''}`],
    ['Attempt', job.attempt ? `${job.attempt}${job.retries_left && job.status !== 'finished' ? `, ${job.retries_left} left` : ''}` : ''],
    ['Time limit', span(job.timeout)],
    ['Expires', job.expires_at && clock(job.expires_at)],
    ['Task', job.task],
  ]
  const list = make('dl')
  for (const [name, value] of rows) {
    if (value) list.append(make('dt', { textContent: name }), make('dd', { textContent: value, className: name === 'Error' ? 'bad' : '' }))
  }
  if (job.tags.length) list.append(make('dt', { textContent: 'Tags' }), make('dd', { className: 'tags' }, ...tagLinks(job)))
  if (job.retry_of) list.append(make('dt', { textContent: 'Retry of' }), make('dd', {}, make('a', { href: addressOf({ id: job.retry_of }), textContent: job.retry_of })))
  if (job.batch_id) {
    const link = make('a', { href: `?${new URLSearchParams({ batch_id: job.batch_id })}`, textContent: job.batch_id })
    const state = batch?.counts ? ` ${batch.percent} % of ${batch.total} jobs have ended` : ''
    list.append(make('dt', { textContent: 'Batch' }), make('dd', {}, link, state))
  }
  return list
}

function given(job) {
  if (!job.arguments) return part('Arguments', make('p', { className: 'note', textContent: 'The arguments of this job cannot be shown.' }))
  const list = argumentsList(job)
  return list.children.length ? part('Arguments', list) : null
}

function result(job) {
  if (job.status !== 'finished' || job.result === null || job.artifacts.length) return null
  const text = typeof job.result === 'string' ? job.result : JSON.stringify(job.result, null, 2)
  return part('Result', make('pre', { tabIndex: 0 }, text.length > MAX_RESULT_CHARS ? `${text.slice(0, MAX_RESULT_CHARS)}…` : text))
}

// With an API key, the click handler of the page fetches the file.
function fileLink(address, text, file) {
  const link = make('a', { href: address, textContent: text })
  link.dataset.file = file
  return link
}

function files(job) {
  if (!job.artifacts.length) return null
  const items = job.artifacts.map((one) => {
    const plotted = one.plot?.time && Object.entries(one.plot.time).map(([plotter, { seconds }]) => `${span(seconds)} on ${plotter}`).join(', ')
    const details = [one.media_type, bytes(one.size), plotted].filter(Boolean).join(' · ')
    return make('li', {}, fileLink(one.url, one.name, one.name), make('span', { className: 'hint', textContent: details }))
  })
  return part('Files', make('ul', { className: 'plain' }, ...items))
}

function attempts(job) {
  if (!job.attempts.length) return null
  const items = job.attempts.map((one) => {
    const times = [one.started_at, one.ended_at].filter(Boolean).map(clock).join(' – ')
    const where = one.worker ? `on ${one.worker}` : ''
    return make('li', {}, make('span', { className: 'bad', textContent: line(one.error) }), make('span', { className: 'hint', textContent: [times, where].filter(Boolean).join(' · ') }))
  })
  return part('Failed attempts', make('ol', {}, ...items))
}

function links(job) {
  const found = [fileLink(job.links.self, 'Job as JSON', `${job.id}.json`), fileLink(job.links.logs, 'Log', `${job.id}.txt`)]
  if (job.status === 'finished') found.push(fileLink(job.links.result, 'Result', job.artifacts[0]?.name || `${job.id}-result.json`))
  if (job.links.preview) found.push(fileLink(job.links.preview, 'Preview', `${job.id}.png`))
  if (!getKey()) found.push(make('a', { href: job.links.events, textContent: 'Events' }))
  return part('Links', make('p', { className: 'links' }, ...found))
}

function leave() {
  if (selectedJob()) history.replaceState(null, '', location.pathname + location.search)
  shown = ''
}

$('detail').addEventListener('close', leave)
$('detail-close').addEventListener('click', () => $('detail').close())
// Clicks outside the dialog reach its backdrop.
$('detail').addEventListener('click', (event) => {
  if (event.target === $('detail')) $('detail').close()
})
