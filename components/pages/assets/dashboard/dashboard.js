// The page /dashboard: polls the service every two seconds while the page is visible.
import { callApi, getKey, setKey } from '/assets/access.js'
import { attempt, pauseQueue, resumeQueue, showMessage } from './actions.js'
import { actOnAll } from './bulk.js'
import { Chart } from './chart.js'
import { refreshDetail, selectedJob } from './detail.js'
import { addressOf, showGroups, STATES } from './lists.js'
import { ago, clock, jobs as counted, make, nameOf, put, putWithCode, sentence, setClock, span, sync, until } from './words.js'

const $ = (id) => document.getElementById(id)
const POLL_MS = 2000
const REQUEST_TIMEOUT_MS = 10_000
const TYPING_DELAY_MS = 250
// Most refreshes load only the newest jobs; every fifth loads all listed jobs and the schedules.
const FULL_REFRESH = 5
const PAGE_JOBS = 40
const MAX_PAGES = 10
// Numbers of jobs by state that are loaded in addition to the newest ones, since they may be older.
const EXTRA_JOBS = { started: 40, failed: 30, finished: 12 }

const charts = { waiting: new Chart('waiting', 'Queued jobs'), running: new Chart('running', 'Running jobs') }
// The listed jobs by id, and the query that returned them.
let listed = new Map()
let listedQuery = null
let pages = 1
let nextCursor = null
let partial = new Set()
// The numbers of all jobs by state; null during a search, and if all jobs are loaded.
let counts = null
let paused = false
let refreshes = 0
let latest = 0
let timer = 0

const get = (path) => callApi(path, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })

// ---- filters

const FILTERS = ['q', 'status', 'task', 'tag']
let batch = ''

function currentQuery() {
  const query = new URLSearchParams()
  for (const name of FILTERS) if ($(name).value.trim()) query.set(name, $(name).value.trim())
  if (batch) query.set('batch_id', batch)
  return query
}

function choose(name, wanted) {
  const field = $(name)
  if (wanted && field.tagName === 'SELECT' && ![...field.options].some((one) => one.value === wanted)) field.add(new Option(nameOf(wanted), wanted))
  field.value = wanted
}

function readAddress() {
  const query = new URLSearchParams(location.search)
  for (const name of FILTERS) choose(name, query.get(name) || '')
  batch = query.get('batch_id') || ''
  showFilters()
}

function showFilters() {
  $('clear').hidden = !currentQuery().toString()
  $('batch').hidden = !batch
  put($('batch'), `Only jobs of batch ${batch}`)
}

function search() {
  const query = currentQuery().toString()
  history.replaceState(null, '', `${query ? `?${query}` : location.pathname}${location.hash}`)
  showFilters()
  pages = 1
  return refresh({ full: true })
}

// ---- requests

// Returns the state of each part of the service, ready or not; throws if the service is unreachable.
async function fetchReadiness() {
  try {
    const reply = await get('/readyz')
    setClock(reply.headers.get('Date'))
    return (await reply.json()).parts
  } catch (error) {
    if (error.problem?.parts) return error.problem.parts
    throw error
  }
}

async function fetchPage(query, limit, cursor) {
  const parameters = new URLSearchParams(query)
  parameters.set('limit', limit)
  if (cursor) parameters.set('cursor', cursor)
  return (await get(`/jobs?${parameters}`)).json()
}

// Returns the jobs to list and the cursor after them. A short refresh loads the newest jobs and keeps the older ones unchanged.
async function fetchJobs(full) {
  const query = currentQuery().toString()
  const first = await fetchPage(query, PAGE_JOBS)
  const short = !full && listedQuery === query && first.next_cursor
  const counted = first.next_cursor && !query && !short ? await (await get('/jobs/counts')).json() : null
  const found = short ? [...listed.values()] : []
  let cursor = first.next_cursor
  let complete = []
  if (!short) {
    if (cursor && !query) {
      const extra = await Promise.all(Object.entries(EXTRA_JOBS).map(async ([status, limit]) => ({ status, ...(await fetchPage({ status }, limit)) })))
      found.push(...extra.flatMap((page) => page.items))
      complete = extra.filter((page) => !page.next_cursor).map((page) => page.status)
    }
    for (let page = 1; page < pages && cursor; page += 1) {
      const older = await fetchPage(query, PAGE_JOBS, cursor)
      found.push(...older.items)
      cursor = older.next_cursor
    }
  }
  found.push(...first.items)
  const jobs = new Map(found.map((job) => [job.id, job]))
  if (short) return { query, jobs, cursor: nextCursor, partial, counts }
  return { query, jobs, cursor, counts: counted, partial: new Set(cursor ? STATES.filter((state) => !complete.includes(state)) : []) }
}

const settled = (promise) => promise.then((value) => ({ value }), (error) => ({ error }))

async function refresh({ full = false } = {}) {
  clearTimeout(timer)
  const mine = ++latest
  const all = full || refreshes % FULL_REFRESH === 0
  const open = mayFetch()
  const [ready, load, jobs, tasks] = await Promise.all([
    settled(fetchReadiness()),
    open && settled(get('/capacity').then((reply) => reply.json())),
    open && settled(fetchJobs(all)),
    open && all && settled(get('/tasks').then((reply) => reply.json())),
  ])
  if (mine !== latest) return
  refreshes += 1
  if ([load, jobs].some((one) => one?.error?.status === 401)) refused()
  else if (open) {
    $('data').hidden = false
    showLoad(load)
    showJobs(jobs)
    if (tasks) showTasks(tasks)
  }
  showState(ready, load)
  // The open job is loaded separately, since it may be older than all listed ones.
  if (open) refreshDetail(act)
  if (!document.hidden) timer = setTimeout(refresh, POLL_MS)
}

// ---- keys

let keyNeeded = false
const mayFetch = () => !$('key-form') || (Boolean(getKey()) && !keyNeeded)

function refused() {
  // Keys were configured after this page was loaded.
  if (!$('key-form')) location.reload()
  keyNeeded = true
  $('data').hidden = true
  if (getKey()) {
    setKey('')
    showMessage('Invalid API key.', true)
  }
  $('key')?.focus()
}

$('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  setKey($('key').value.trim())
  $('key').value = ''
  keyNeeded = false
  showMessage('')
  refresh({ full: true })
})

// ---- rendering

function showState(ready, load) {
  const lost = Boolean(ready.error)
  const missing = Object.values(ready.value || {}).filter((one) => !one.ready)
  const state = lost ? 'lost' : !mayFetch() ? 'refused' : missing.length ? 'degraded' : paused ? 'paused' : 'ok'
  const texts = {
    lost: 'Connection lost. Reconnecting…',
    refused: 'Enter your API key.',
    degraded: missing.length > 1 ? 'Some services are unavailable.' : 'One service is unavailable.',
    paused: 'All services are running. The queue is paused.',
    ok: 'All services are running.',
  }
  $('state').dataset.state = state
  put($('state-text'), texts[state])
  $('data').classList.toggle('stale', lost || Boolean(load?.error))
  const parts = Object.entries(ready.value || {}).map(([name, one]) => ({ id: name, ...one }))
  sync($('parts'), parts, {
    create: () => make('li', {}, make('strong'), ' ', make('span')),
    update(item, { id, ready: available, detail, fix }) {
      put(item.firstChild, id)
      putWithCode(item.lastChild, fix ? `${detail}. ${fix}` : detail)
      item.classList.toggle('bad', !available)
    },
  })
}

function showLoad({ value, error }) {
  $('pause').disabled = Boolean(error)
  if (error) return
  // Without the scope `admin` the figures are those of the key's owner, and the queue cannot be paused.
  $('pause').hidden = !value.all_owners
  charts.waiting.add(value.queue_depth)
  charts.running.add(value.active_jobs)
  put($('waiting-number'), String(value.queue_depth))
  put($('waiting-note'), `of max. ${value.max_queue.toLocaleString('en')}`)
  put($('running-number'), String(value.active_jobs))
  put($('running-note'), `on ${value.workers} ${value.workers === 1 ? 'worker' : 'workers'}`)
  paused = value.paused
  put($('queue-number'), paused ? 'Paused' : 'Running')
  put($('queue-text'), paused ? 'Workers start no new jobs.' : expectedWait(value))
  put($('pause'), paused ? 'Resume queue' : 'Pause queue')
  $('pause').classList.toggle('quiet', !paused)
}

function expectedWait({ estimated_wait_s: seconds, workers, active_jobs: active, queue_depth: depth }) {
  if (!workers) return 'No workers are running.'
  if (seconds === null) return 'Waiting time unknown.'
  if (active + depth < workers) return 'New jobs start immediately.'
  return `New jobs wait about ${span(Math.max(1, Math.round(seconds)))}.`
}

function showJobs({ value, error }) {
  if (error) {
    // A lost connection is reported at the top.
    if (error.status) put($('found'), sentence(error.message))
    return
  }
  listedQuery = value.query
  listed = value.jobs
  nextCursor = value.cursor
  partial = value.partial
  counts = value.counts
  const jobs = [...listed.values()]
  showGroups(jobs, { partial, counts, filtered: Boolean(value.query), onAct: act })
  showBulk(jobs, value.query)
  showKnownTags(jobs)
  $('first').hidden = Boolean(jobs.length || value.query || nextCursor)
  $('older').hidden = !nextCursor || pages >= MAX_PAGES
  put($('found'), searchResult(jobs.length, value.query))
}

function searchResult(count, query) {
  if (!query) return ''
  if (count) return `${counted(count)}${nextCursor ? ' or more' : ''}`
  return nextCursor ? 'No matching jobs among the newest ones.' : 'No matching jobs.'
}

// The actions that at least one of the matching jobs permits.
function showBulk(jobs, query) {
  const failed = jobs.filter((job) => job.status === 'failed').length
  $('retry-all').hidden = failed < 2
  put($('retry-all'), partial.has('failed') ? 'Retry all…' : `Retry all ${failed}…`)
  const permitted = { retry: (job) => job.links.retry, cancel: (job) => job.links.cancel, delete: (job) => job.status !== 'started' }
  for (const [action, permits] of Object.entries(permitted)) $(`bulk-${action}`).hidden = !jobs.some(permits) && !nextCursor
  $('bulk').hidden = !query || !(jobs.length || nextCursor)
}

function showKnownTags(jobs) {
  const known = [...new Set(jobs.flatMap((job) => job.tags))].sort()
  if ($('tags').dataset.known === known.join()) return
  $('tags').dataset.known = known.join()
  $('tags').replaceChildren(...known.map((tag) => new Option(tag)))
}

function showTasks({ value, error }) {
  if (error) {
    put($('no-schedules'), sentence(error.message))
    $('no-schedules').hidden = false
    $('schedules').hidden = true
    return
  }
  const select = $('task')
  if (select.options.length - 1 < value.tasks.length) {
    const chosen = select.value
    select.replaceChildren(new Option('All', ''), ...value.tasks.map(({ name }) => new Option(name.replace(/^workers\./, ''), name)))
    choose('task', chosen)
  }
  $('schedules').hidden = !value.schedules.length
  $('no-schedules').hidden = Boolean(value.schedules.length)
  put($('no-schedules'), 'No schedules. Add them to schedules.toml.')
  sync($('schedules').querySelector('tbody'), value.schedules.map((one) => ({ id: one.name, ...one })), { create: newSchedule, update: fillSchedule })
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

// ---- actions

async function act(action, job, button) {
  button.disabled = true
  const done = await attempt(() => action.act(job))
  button.disabled = false
  if (done && action.id === 'delete' && selectedJob() === job.id) {
    $('detail').close()
    showMessage(done)
  }
  if (done) await refresh({ full: true })
}

async function press(button, action) {
  button.disabled = true
  await attempt(action)
  button.disabled = false
  await refresh({ full: true })
}

$('pause').addEventListener('click', () => press($('pause'), paused ? resumeQueue : pauseQueue))
const filter = () => Object.fromEntries(currentQuery())
$('retry-all').addEventListener('click', () => press($('retry-all'), () => actOnAll('retry', { ...filter(), status: 'failed' })))
for (const action of ['retry', 'cancel', 'delete']) {
  const button = $(`bulk-${action}`)
  button.addEventListener('click', () => press(button, () => actOnAll(action, filter())))
}
$('older').addEventListener('click', () => {
  pages += 1
  press($('older'), () => '')
})

let typing = 0
for (const name of ['q', 'tag']) {
  $(name).addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(search, TYPING_DELAY_MS)
  })
}
$('search').addEventListener('change', (event) => event.target.tagName === 'SELECT' && search())
$('search').addEventListener('submit', (event) => {
  event.preventDefault()
  clearTimeout(typing)
  search()
})
$('search').addEventListener('reset', () => {
  batch = ''
  setTimeout(() => { $('q').focus(); search() })
})

// With an API key, plain links would be refused: the file is fetched and saved instead.
document.addEventListener('click', async (event) => {
  const link = event.target.closest?.('a[data-file]')
  if (!link || !getKey()) return
  event.preventDefault()
  await attempt(async () => {
    const address = URL.createObjectURL(await (await callApi(link.getAttribute('href'))).blob())
    make('a', { href: address, download: link.dataset.file }).click()
    setTimeout(() => URL.revokeObjectURL(address), POLL_MS)
    return `${link.dataset.file} was downloaded.`
  })
})

addEventListener('hashchange', () => mayFetch() && refreshDetail(act))
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  if (!document.hidden) refresh({ full: true })
})

readAddress()
refresh({ full: true })
