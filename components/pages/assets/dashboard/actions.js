// Actions of the dashboard, with a confirmation before destructive ones and a message afterwards.
import { callApi } from '/assets/access.js'
import { edit } from './edit.js'
import { nameOf, put, sentence } from './words.js'

const $ = (id) => document.getElementById(id)
const MESSAGE_MS = 8000
let hideTimer = 0

export function showMessage(text, bad = false) {
  const detailed = $('detail').open
  for (const [node, here] of [[$('detail-message'), detailed], [$('message'), !detailed]]) {
    node.textContent = here ? text : ''
    node.classList.toggle('bad', bad)
  }
  $('message').hidden = detailed || !text
  clearTimeout(hideTimer)
  if (!bad) hideTimer = setTimeout(() => { $('message').hidden = true }, MESSAGE_MS)
}

export function confirmed(title, text, label) {
  put($('confirm-title'), title)
  put($('confirm-text'), text)
  put($('confirm-ok'), label)
  const dialog = $('confirm')
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'ok'), { once: true })
  })
}

const WORDS = { canceled: 'was canceled', stopped: 'was stopped' }

async function cancel(job) {
  const after = await (await callApi(job.links.cancel, { method: 'POST' })).json()
  return `${nameOf(job.task)} ${WORDS[after.status] || `is ${after.status}`}.`
}

async function retry(job) {
  await callApi(job.links.retry, { method: 'POST' })
  return `${nameOf(job.task)} was queued again.`
}

async function editAndRetry(job) {
  const made = await edit(job)
  if (!made) return ''
  location.hash = `job=${made.id}`
  return `${nameOf(job.task)} was queued as a new job.`
}

async function remove(job) {
  const text = 'The job and its files are permanently deleted.'
  if (!(await confirmed(`Delete this ${nameOf(job.task)}?`, text, 'Delete'))) return ''
  await callApi(job.links.self, { method: 'DELETE' })
  return `${nameOf(job.task)} was deleted.`
}

// Returns the actions that the state of a job allows, in the order of the buttons.
export function actionsOf(job) {
  const found = []
  if (job.links.cancel) found.push({ id: 'cancel', label: job.status === 'started' ? 'Stop' : 'Cancel', act: cancel })
  if (job.links.retry) found.push({ id: 'retry', label: 'Retry', act: retry })
  // In the details only: the buttons of a row have little room.
  if (job.done && job.arguments) found.push({ id: 'edit', label: job.links.retry ? 'Edit and retry' : 'Run with changes', act: editAndRetry, detailed: true })
  if (job.done) found.push({ id: 'delete', label: 'Delete', act: remove })
  return found
}

// Runs an action, shows its message and returns it; returns an empty string if nothing was done.
export async function attempt(act) {
  try {
    const message = await act()
    if (message) showMessage(message)
    return message
  } catch (error) {
    showMessage(sentence(error.message), true)
    return ''
  }
}

export async function pauseQueue() {
  const text = 'Workers finish their current jobs but start no new ones. Jobs can still be queued. The queue stays paused, even after a restart, until you resume it.'
  if (!(await confirmed('Pause the queue?', text, 'Pause queue'))) return ''
  await callApi('/queue/pause', { method: 'POST' })
  return 'The queue was paused.'
}

export async function resumeQueue() {
  await callApi('/queue/resume', { method: 'POST' })
  return 'The queue was resumed.'
}
