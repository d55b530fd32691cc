// The page /dashboard: polls the service every two seconds while the page is visible.
import { callApi, getKey, setKey } from '/assets/access.js'
import { attempt, pauseQueue, resumeQueue, showMessage } from './actions.js'
import { actOnAll } from './bulk.js'
import { refreshDetail, selectedJob } from './detail.js'
import { showGroups, waitingParts } from './lists.js'
import { showSchedules } from './schedules.js'
import { refreshStatistics, showOwners } from './statistics.js'
import { currentView, startViews } from './views.js'
import { jobs as counted, make, nameOf, put, putWithCode, sentence, setClock, span, sync } from './words.js'
import { refreshWorkers } from './workers.js'

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

// The listed jobs by id, and the query that returned them.
let listed = new Map()
let listedQuery = null
let pages = 1
let nextCursor = null
// The number of jobs that match the filter.
let found = 0
let paused = false
let isAdmin = false
let workers = 0
let refreshes = 0
let latest = 0
let timer = 0

const get = (path) => callApi(path, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })

// ---- filters

const FILTERS = ['q', 'status', 'task', 'tag']
let batch = ''

// The owner whose jobs are shown: '' for those of the key, '*' for all.
const owner = () => $('owner').value

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

const fetchCounts = async (query) => (await get(`/jobs/counts?${query}`)).json()

function withOwner(query) {
  const all = new URLSearchParams(query)
  if (owner()) all.set('owner', owner())
  return all
}

// Returns the jobs to list, the cursor after them, and the numbers of all jobs and of those that match the filter. A short refresh
// loads the newest jobs and keeps the older ones unchanged.
async function fetchJobs(full) {
  const filters = currentQuery().toString()
  const query = withOwner(filters).toString()
  const [first, counts, matching] = await Promise.all([fetchPage(query, PAGE_JOBS), fetchCounts(withOwner('')), filters && fetchCounts(query)])
  const short = !full && listedQuery === query && first.next_cursor
  const jobs = short ? [...listed.values()] : []
  let cursor = first.next_cursor
  if (!short) {
    if (cursor && !filters) {
      const extra = await Promise.all(Object.entries(EXTRA_JOBS).map(([status, limit]) => fetchPage(withOwner({ status }), limit)))
      jobs.push(...extra.flatMap((page) => page.items))
    }
    for (let page = 1; page < pages && cursor; page += 1) {
      const older = await fetchPage(query, PAGE_JOBS, cursor)
      jobs.push(...older.items)
      cursor = older.next_cursor
    }
  }
  jobs.push(...first.items)
  return { query, jobs: new Map(jobs.map((job) => [job.id, job])), cursor: short ? nextCursor : cursor, counts, matching: matching || counts }
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
    if (all) showView()
  }
  showState(ready, load)
  // The open job is loaded separately, since it may be older than all listed ones.
  if (open) refreshDetail(act)
  if (!document.hidden) timer = setTimeout(refresh, POLL_MS)
}

// The parts of the page that are not lists of jobs; only the visible one is loaded.
function showView() {
  refreshStatistics(owner(), { onFilter: filterBy, onRetry: (button, filter) => press(button, () => actOnAll('retry', filter, owner() || undefined)) })
    .then((statistics) => showOwners(statistics, isAdmin))
    .catch((error) => error.status && showMessage(sentence(error.message), true))
  if (currentView() === 'workers') refreshWorkers().catch(() => {})
}

// Shows the jobs with these conditions.
function filterBy(conditions) {
  for (const name of FILTERS) choose(name, conditions[name] || '')
  batch = ''
  startViews.show('jobs')
  search()
  $('found').scrollIntoView({ block: 'nearest' })
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
  isAdmin = value.all_owners
  workers = value.workers
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
  found = value.matching.total
  const isFiltered = Boolean(currentQuery().size)
  const jobs = [...listed.values()]
  showTiles(value.counts)
  showGroups(jobs, { counts: value.matching, filtered: isFiltered, onAct: act })
  showBulk(jobs, value.matching.counts, isFiltered)
  showKnownTags(jobs)
  $('first').hidden = Boolean(jobs.length || isFiltered || nextCursor)
  $('older').hidden = !nextCursor || pages >= MAX_PAGES
  put($('found'), isFiltered ? searchResult(jobs.length, value.matching) : '')
}

function showTiles({ counts }) {
  const { queued = 0, scheduled = 0, deferred = 0, started = 0, failed = 0, finished = 0 } = counts
  const others = waitingParts(counts)
  put($('waiting-number'), (queued + scheduled + deferred).toLocaleString('en'))
  put($('waiting-note'), others.length ? `${queued} in the queue, ${others.join(', ')}` : 'in the queue')
  put($('running-number'), started.toLocaleString('en'))
  put($('running-note'), `on ${workers} ${workers === 1 ? 'worker' : 'workers'}`)
  put($('failed-number'), failed.toLocaleString('en'))
  put($('finished-number'), finished.toLocaleString('en'))
}

function searchResult(count, { total, complete }) {
  if (count) return `${counted(Math.max(total, count))}${complete ? '' : ' or more'}`
  return 'No matching jobs.'
}

// The actions that at least one of the matching jobs permits.
function showBulk(jobs, counts, isFiltered) {
  const failed = counts.failed || 0
  const isOne = owner() !== '*'
  $('retry-all').hidden = failed < 2 || !isOne
  put($('retry-all'), `Retry all ${failed.toLocaleString('en')}…`)
  const permitted = { retry: (job) => job.links.retry, cancel: (job) => job.links.cancel, delete: (job) => job.status !== 'started' }
  for (const [action, permits] of Object.entries(permitted)) $(`bulk-${action}`).hidden = !jobs.some(permits) && !nextCursor
  $('bulk').hidden = !isFiltered || !isOne || !(jobs.length || nextCursor)
}

function showKnownTags(jobs) {
  const known = [...new Set(jobs.flatMap((job) => job.tags))].sort()
  if ($('tags').dataset.known === known.join()) return
  $('tags').dataset.known = known.join()
  $('tags').replaceChildren(...known.map((tag) => new Option(tag)))
}

function showTasks({ value, error }) {
  showSchedules(value?.schedules || [], error)
  const select = $('task')
  if (error || select.options.length - 1 >= value.tasks.length) return
  const chosen = select.value
  select.replaceChildren(new Option('All', ''), ...value.tasks.map(({ name }) => new Option(name.replace(/^workers\./, ''), name)))
  choose('task', chosen)
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
$('retry-all').addEventListener('click', () => press($('retry-all'), () => actOnAll('retry', { ...filter(), status: 'failed' }, owner() || undefined)))
for (const action of ['retry', 'cancel', 'delete']) {
  const button = $(`bulk-${action}`)
  button.addEventListener('click', () => press(button, () => actOnAll(action, filter(), owner() || undefined)))
}
$('older').addEventListener('click', () => {
  pages += 1
  press($('older'), () => '')
})

startViews(showView)

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
