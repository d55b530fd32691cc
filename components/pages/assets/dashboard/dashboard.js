// The page /dashboard: asks the service every two seconds how it is, while somebody looks.
import { ask, getKey, setKey } from '/assets/access.js'
import { attempt, pauseQueue, resumeQueue, retryAll, say } from './actions.js'
import { Chart } from './chart.js'
import { refreshDetail, wantedJob } from './detail.js'
import { addressOf, showGroups, STATES } from './lists.js'
import { ago, clock, jobs as counted, make, nameOf, put, putWithCode, sentence, setClock, span, sync, until } from './words.js'

const $ = (id) => document.getElementById(id)
const EVERY = 2000
const PATIENCE = 10_000
const PAUSE_WHILE_TYPING = 250
// Most rounds ask for the newest jobs; each fifth for all that are shown, and for the schedules.
const FULL_ROUND = 5
const PAGE = 40
const MOST_PAGES = 10
// Jobs that may be older than the newest ones, by state: how many of each are looked for.
const BESIDE = { started: 40, failed: 30, finished: 12 }

const charts = { waiting: new Chart('waiting', 'Jobs that waited'), running: new Chart('running', 'Jobs that ran') }
// The jobs that are shown, by id, and what was asked for to get them.
let known = new Map()
let knownFor = null
let pages = 1
let next = null
let partial = new Set()
let paused = false
let rounds = 0
let turn = 0
let timer = 0

const get = (path) => ask(path, { signal: AbortSignal.timeout(PATIENCE) })

// ---- what is asked for

const FILTERS = ['q', 'status', 'task']
let batch = ''

function asked() {
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
  $('clear').hidden = !asked().toString()
  $('batch').hidden = !batch
  put($('batch'), `Only jobs of the batch ${batch}`)
}

function search() {
  const query = asked().toString()
  history.replaceState(null, '', `${query ? `?${query}` : location.pathname}${location.hash}`)
  showFilters()
  pages = 1
  return refresh({ full: true })
}

// ---- asking

// The parts of the service, also those that are missing; throws if nobody answers.
async function askReady() {
  try {
    const reply = await get('/readyz')
    setClock(reply.headers.get('Date'))
    return (await reply.json()).parts
  } catch (error) {
    if (error.problem?.parts) return error.problem.parts
    throw error
  }
}

async function askPage(query, limit, cursor) {
  const wanted = new URLSearchParams(query)
  wanted.set('limit', limit)
  if (cursor) wanted.set('cursor', cursor)
  return (await get(`/jobs?${wanted}`)).json()
}

// Gives the jobs to show, and the cursor behind them. In a short round only the newest are asked for; older ones stay as they were.
async function askJobs(full) {
  const query = asked().toString()
  const first = await askPage(query, PAGE)
  const short = !full && knownFor === query && first.next_cursor
  const found = short ? [...known.values()] : []
  let cursor = first.next_cursor
  let whole = []
  if (!short) {
    if (cursor && !query) {
      const beside = await Promise.all(Object.entries(BESIDE).map(async ([status, limit]) => ({ status, ...(await askPage({ status }, limit)) })))
      found.push(...beside.flatMap((page) => page.items))
      whole = beside.filter((page) => !page.next_cursor).map((page) => page.status)
    }
    for (let page = 1; page < pages && cursor; page += 1) {
      const older = await askPage(query, PAGE, cursor)
      found.push(...older.items)
      cursor = older.next_cursor
    }
  }
  found.push(...first.items)
  const jobs = new Map(found.map((job) => [job.id, job]))
  if (short) return { query, jobs, cursor: next, partial }
  return { query, jobs, cursor, partial: new Set(cursor ? STATES.filter((state) => !whole.includes(state)) : []) }
}

const settled = (promise) => promise.then((value) => ({ value }), (error) => ({ error }))

async function refresh({ full = false } = {}) {
  clearTimeout(timer)
  const mine = ++turn
  const all = full || rounds % FULL_ROUND === 0
  const open = mayAsk()
  const [ready, load, jobs, tasks] = await Promise.all([
    settled(askReady()),
    open && settled(get('/capacity').then((reply) => reply.json())),
    open && settled(askJobs(all)),
    open && all && settled(get('/tasks').then((reply) => reply.json())),
  ])
  if (mine !== turn) return
  rounds += 1
  if ([load, jobs].some((one) => one?.error?.status === 401)) refused()
  else if (open) {
    $('data').hidden = false
    showLoad(load)
    showJobs(jobs)
    if (tasks) showTasks(tasks)
  }
  showState(ready, load)
  // A job that is shown in full is asked for by itself: it may be older than all others here.
  if (open) refreshDetail(act)
  if (!document.hidden) timer = setTimeout(refresh, EVERY)
}

// ---- keys

let needed = false
const mayAsk = () => !$('key-form') || (Boolean(getKey()) && !needed)

function refused() {
  // Keys were set since this page was loaded.
  if (!$('key-form')) location.reload()
  needed = true
  $('data').hidden = true
  if (getKey()) {
    setKey('')
    say('This key is not known here.', true)
  }
  $('key')?.focus()
}

$('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  setKey($('key').value.trim())
  $('key').value = ''
  needed = false
  say('')
  refresh({ full: true })
})

// ---- showing

function showState(ready, load) {
  const away = Boolean(ready.error)
  const missing = Object.values(ready.value || {}).filter((one) => !one.ready)
  const state = away ? 'away' : !mayAsk() ? 'refused' : missing.length ? 'ill' : paused ? 'paused' : 'well'
  const words = {
    away: 'The service cannot be reached. This page goes on by itself as soon as it answers.',
    refused: 'Enter your API key to see what the service does.',
    ill: missing.length > 1 ? 'Parts of the service are missing.' : 'A part of the service is missing.',
    paused: 'All parts are well, and the queue is paused.',
    well: 'All parts are well.',
  }
  $('state').dataset.state = state
  put($('state-text'), words[state])
  $('data').classList.toggle('stale', away || Boolean(load?.error))
  const parts = Object.entries(ready.value || {}).map(([name, one]) => ({ id: name, ...one }))
  sync($('parts'), parts, {
    create: () => make('li', {}, make('strong'), ' ', make('span')),
    update(item, { id, ready: there, detail, fix }) {
      put(item.firstChild, id)
      putWithCode(item.lastChild, fix ? `${detail}. ${fix}` : detail)
      item.classList.toggle('bad', !there)
    },
  })
}

function showLoad({ value, error }) {
  $('pause').disabled = Boolean(error)
  if (error) return
  charts.waiting.add(value.queue_depth)
  charts.running.add(value.active_jobs)
  put($('waiting-number'), String(value.queue_depth))
  put($('waiting-beside'), `of at most ${value.max_queue.toLocaleString('en')}`)
  put($('running-number'), String(value.active_jobs))
  put($('running-beside'), `on ${value.workers} ${value.workers === 1 ? 'worker' : 'workers'}`)
  paused = value.paused
  put($('queue-number'), paused ? 'Paused' : 'Open')
  put($('queue-text'), paused ? 'Workers take no new job.' : waitInWords(value))
  put($('pause'), paused ? 'Resume the queue' : 'Pause the queue')
  $('pause').classList.toggle('quiet', !paused)
}

function waitInWords({ estimated_wait_s: seconds, workers, active_jobs: active, queue_depth: depth }) {
  if (!workers) return 'No worker is alive: jobs wait.'
  if (seconds === null) return 'How long a new job waits is not known yet.'
  if (active + depth < workers) return 'A new job begins at once.'
  return `A new job waits about ${span(Math.max(1, Math.round(seconds)))}.`
}

function showJobs({ value, error }) {
  if (error) {
    // That nobody answers is said at the top.
    if (error.status) put($('found'), sentence(error.message))
    return
  }
  knownFor = value.query
  known = value.jobs
  next = value.cursor
  partial = value.partial
  const jobs = [...known.values()]
  showGroups(jobs, { partial, filtered: Boolean(value.query), onAct: act })
  const failed = failedOnes()
  $('retry-all').hidden = failed.length < 2
  put($('retry-all'), `Retry all ${failed.length}`)
  $('first').hidden = Boolean(jobs.length || value.query || next)
  $('older').hidden = !next || pages >= MOST_PAGES
  put($('found'), told(jobs.length, value.query))
}

function told(count, query) {
  if (!query) return ''
  if (count) return `${counted(count)}${next ? ', and there may be more' : ''}`
  return next ? 'No job among the newest is like that; there are older ones.' : 'No job is like that.'
}

const failedOnes = () => [...known.values()].filter((job) => job.status === 'failed')

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
  put($('no-schedules'), 'No schedules. A task is queued again and again once schedules.toml names it.')
  sync($('schedules').querySelector('tbody'), value.schedules.map((one) => ({ id: one.name, ...one })), { create: newSchedule, update: fillSchedule })
}

// Where the table is too wide, each cell says what it holds.
function labelled(label) {
  const cell = make('td')
  cell.dataset.label = label
  return cell
}

function newSchedule() {
  const name = make('th', { scope: 'row' }, make('span'), make('span', { className: 'hint' }))
  return make('tr', {}, name, ...['When, UTC', 'Next run', 'Last run', 'Runs'].map(labelled))
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

// ---- acting

async function act(action, job, button) {
  button.disabled = true
  const done = await attempt(() => action.act(job))
  button.disabled = false
  if (done && action.id === 'delete' && wantedJob() === job.id) {
    $('detail').close()
    say(done)
  }
  if (done) await refresh({ full: true })
}

async function press(button, doing) {
  button.disabled = true
  await attempt(doing)
  button.disabled = false
  await refresh({ full: true })
}

$('pause').addEventListener('click', () => press($('pause'), paused ? resumeQueue : pauseQueue))
$('retry-all').addEventListener('click', () => press($('retry-all'), () => retryAll(failedOnes())))
$('older').addEventListener('click', () => {
  pages += 1
  press($('older'), () => '')
})

let typing = 0
$('q').addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(search, PAUSE_WHILE_TYPING)
})
$('search').addEventListener('change', (event) => event.target.id !== 'q' && search())
$('search').addEventListener('submit', (event) => {
  event.preventDefault()
  clearTimeout(typing)
  search()
})
$('search').addEventListener('reset', () => {
  batch = ''
  setTimeout(() => { $('q').focus(); search() })
})

// A link to a file works without a key by itself; with one, the file is fetched and offered.
document.addEventListener('click', async (event) => {
  const link = event.target.closest?.('a[data-file]')
  if (!link || !getKey()) return
  event.preventDefault()
  await attempt(async () => {
    const address = URL.createObjectURL(await (await ask(link.getAttribute('href'))).blob())
    make('a', { href: address, download: link.dataset.file }).click()
    setTimeout(() => URL.revokeObjectURL(address), EVERY)
    return `${link.dataset.file} was fetched.`
  })
})

addEventListener('hashchange', () => mayAsk() && refreshDetail(act))
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  if (!document.hidden) refresh({ full: true })
})

readAddress()
refresh({ full: true })
