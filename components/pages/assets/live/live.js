// The page /live: submits and follows jobs on a WebSocket. Data from the server is shown as text or as an image, never as HTML.
import { callApi, getKey, protocols, setKey } from '/assets/access.js'
import { Connection } from './connection.js'

const EXAMPLE_TASK = 'workers.example_tasks.example_long_task'
const MAX_LINES = 500
const STATES = {
  connecting: 'Connecting…',
  connected: 'Connected',
  lost: 'Connection lost. Reconnecting…',
  refused: 'API key required',
}

const $ = (id) => document.getElementById(id)

// ---- state

// The jobs of this page by id: `slot` is the form, `after` the last received event, `about` a description.
const jobs = new Map()
// Pending requests by the `ref` that the reply repeats.
const pending = new Map()
let references = 0
let shownJob = ''

// A form with its cancel button and its status message.
class Slot {
  constructor(name) {
    this.form = $(`${name}-form`)
    this.cancel = $(`${name}-cancel`)
    this.outcome = $(`${name}-outcome`)
    this.jobId = ''
    this.cancel.addEventListener('click', () => connection.send({ action: 'cancel', payload: { job_id: this.jobId } }))
  }

  onSubmit(act) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault()
      act()
    })
  }

  showMessage(text, kind = '') {
    this.outcome.textContent = text
    this.outcome.dataset.kind = kind
  }

  begin(jobId) {
    this.jobId = jobId
    this.cancel.hidden = false
  }

  end(jobId, text, kind) {
    if (this.jobId !== jobId) return
    this.cancel.hidden = true
    this.showMessage(text, kind)
  }
}

const slots = { artboard: new Slot('artboard'), text: new Slot('text'), example: new Slot('example') }

// ---- submitting

function submit(slot, type, content, about) {
  const ref = ++references
  if (connection.send({ action: 'job', payload: { type, content }, ref })) pending.set(ref, { slot, about })
  else slot.showMessage('Not connected. Try again in a moment.', 'bad')
}

slots.text.onSubmit(() => submit(slots.text, $('job-type').value, $('job-content').value, $('job-type').value))

slots.artboard.onSubmit(() => {
  const [pattern, width, height] = [$('pattern').value, Number($('width').value), Number($('height').value)]
  const seed = $('seed').value === '' ? {} : { seed: Number($('seed').value) }
  submit(slots.artboard, 'artboard', { pattern, width, height, ...seed }, `${pattern}, ${width} × ${height} mm`)
})

slots.example.onSubmit(async () => {
  try {
    const reply = await callApi('/start-task', { method: 'POST' })
    const { job_id: jobId, message } = await reply.json()
    slots.example.showMessage(message)
    adopt(jobId, slots.example, 'example task')
  } catch (error) {
    slots.example.showMessage(error.message, 'bad')
  }
})

// ---- following

function remember(jobId, slot, about) {
  jobs.set(jobId, { slot, about, after: '0-0' })
  slot.begin(jobId)
  showProgress(jobId, 0, 'Progress: 0%')
}

// Follows a job that was submitted elsewhere.
function adopt(jobId, slot, about) {
  remember(jobId, slot, about)
  subscribe(jobId)
}

function subscribe(jobId) {
  const ref = ++references
  if (connection.send({ action: 'subscribe', payload: { job_id: jobId, after: jobs.get(jobId).after }, ref })) pending.set(ref, { jobId })
}

// Follows running example tasks: GET /start-task redirects here.
async function adoptExamples() {
  try {
    const reply = await callApi(`/jobs?task=${EXAMPLE_TASK}&limit=5`)
    const { items } = await reply.json()
    for (const job of items.reverse()) {
      if (!job.done && !jobs.has(job.id)) adopt(job.id, slots.example, 'example task')
    }
  } catch {
    // Optional.
  }
}

// ---- receiving

const handlers = {
  job_status({ payload, job_id: jobId, ref, seq, job }) {
    const request = pending.get(ref)
    if (payload.status === 'queuing') request?.slot?.showMessage(payload.message)
    else if (payload.status === 'queued') {
      pending.delete(ref)
      request?.slot?.showMessage(payload.message)
      if (request) remember(payload.job_id, request.slot, request.about)
    } else if (jobId) end(jobId, payload, job, seq)
    else if (payload.status === 'error') refuse(ref, payload.message)
  },

  job_progress({ payload, job_id: jobId, seq }) {
    const job = jobs.get(jobId)
    if (!job) return
    job.after = seq
    const percent = payload.total > 0 ? Math.round((payload.step / payload.total) * 100) : 0
    showProgress(jobId, percent, `Progress: ${percent}%`)
  },

  subscribed({ ref }) {
    pending.delete(ref)
  },

  error({ payload, ref }) {
    refuse(ref, payload.detail)
  },
}

function refuse(ref, detail) {
  const request = pending.get(ref)
  pending.delete(ref)
  if (request?.slot) request.slot.showMessage(detail, 'bad')
  // A job that cannot be followed any more has expired.
  else if (request?.jobId) end(request.jobId, { status: 'error', message: detail })
}

function end(jobId, { status, message }, body, seq = '') {
  const job = jobs.get(jobId)
  if (!job) return
  jobs.delete(jobId)
  const answer = typeof body?.result === 'string' && !body.artifacts.length ? `: ${body.result}` : ''
  job.slot.end(jobId, message + answer, status === 'result' ? 'good' : 'bad')
  if (shownJob === jobId && status === 'result') showProgress(jobId, 100, 'Progress: 100%')
  else if (shownJob === jobId) showProgress(jobId, $('task-bar').value, status === 'canceled' ? 'Canceled' : 'Failed')
  const picture = body?.artifacts.find((one) => one.media_type === 'image/svg+xml')
  if (picture && status === 'result') showDrawing(picture, job.about)
}

// ---- rendering

function showProgress(jobId, percent, text) {
  shownJob = jobId
  $('task-status').textContent = text
  $('task-bar').value = percent
  $('task-bar').hidden = false
  $('task-name').textContent = jobId
}

let objectUrl = ''

async function showDrawing(picture, about) {
  const image = $('drawing')
  let address = picture.url
  if (getKey()) {
    try {
      address = URL.createObjectURL(await (await callApi(picture.url)).blob())
    } catch (error) {
      slots.artboard.showMessage(error.message, 'bad')
      return
    }
  }
  if (objectUrl) URL.revokeObjectURL(objectUrl)
  objectUrl = address.startsWith('blob:') ? address : ''
  image.src = address
  image.alt = `Drawing: ${about}`
  image.hidden = $('caption').hidden = false
  $('blank').hidden = true
  $('caption-text').textContent = `${about}, ${kilobytes(picture.size)}`
  $('download').href = address
  $('download').download = picture.name
}

const kilobytes = (size) => (size < 1000 ? `${size} bytes` : `${(size / 1000).toFixed(size < 10000 ? 1 : 0)} kB`)

function describe({ action, payload, job_id: jobId }) {
  if (action === 'job_status') return payload.message
  if (action === 'job_progress') {
    const message = payload.message ? `, ${payload.message}` : ''
    return `Step ${payload.step} of ${payload.total}${message} (…${jobId.slice(-6)})`
  }
  if (action === 'job_log') return payload.message
  if (action === 'error') return payload.detail
  if (action === 'subscribed') return `Following ${payload.job_id}`
  return action
}

function write(kind, text, raw) {
  const log = $('log')
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8
  const line = document.createElement('li')
  line.className = kind
  const time = document.createElement('time')
  time.textContent = new Date().toLocaleTimeString('en-GB')
  const message = document.createElement('span')
  message.className = 'words'
  message.textContent = text
  const frame = document.createElement('code')
  frame.className = 'raw'
  frame.textContent = raw
  line.append(time, message, frame)
  log.append(line)
  while (log.children.length > MAX_LINES) log.firstElementChild.remove()
  if (atEnd) log.scrollTop = log.scrollHeight
}

const isBad = ({ action, payload }) => action === 'error' || payload?.status === 'error'

$('clear').addEventListener('click', () => $('log').replaceChildren())
$('raw').addEventListener('change', (event) => {
  $('log').classList.toggle('as-sent', event.target.checked)
  $('log').scrollTop = $('log').scrollHeight
})

// ---- the connection

const connection = new Connection('/ws/background_jobs', {
  protocols,
  onFrame(frame, text) {
    write(isBad(frame) ? 'bad' : 'in', describe(frame), text)
    handlers[frame.action]?.(frame)
  },
  onSent: (text) => write('out', '', text),
  onState(state, reason) {
    $('connection').dataset.state = state
    $('connection-text').textContent = STATES[state]
    for (const { form } of Object.values(slots)) form.querySelector('button').disabled = state !== 'connected'
    if (state === 'connected') {
      for (const jobId of jobs.keys()) subscribe(jobId)
    } else if (state === 'lost') {
      // These jobs may or may not have been queued.
      for (const { slot } of pending.values()) slot?.showMessage('Connection lost before the reply arrived.', 'bad')
      pending.clear()
    } else if (state === 'refused') {
      if (reason) write('bad', `Connection refused: ${reason}`, '')
      $('key')?.focus()
    }
  },
})

// ---- patterns and keys

async function loadPatterns() {
  try {
    const { patterns } = await (await callApi('/patterns')).json()
    const select = $('pattern')
    const chosen = select.value
    select.replaceChildren(...patterns.map(({ name }) => new Option(name, name, false, name === chosen)))
    const explain = () => {
      $('pattern-hint').textContent = patterns.find(({ name }) => name === select.value).summary
    }
    select.onchange = explain
    select.disabled = false
    explain()
  } catch (error) {
    // A missing key is reported by the connection.
    if (error.status !== 401) slots.artboard.showMessage(error.message, 'bad')
  }
}

function begin() {
  connection.open()
  loadPatterns()
  adoptExamples()
}

$('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  setKey($('key').value.trim())
  slots.artboard.showMessage('')
  begin()
})

if ($('key-form') && !getKey()) {
  connection.onState('refused')
} else {
  begin()
}
