// What is done from this page, with a question before what cannot be undone, and a word on what came of it.
import { ask } from '/assets/access.js'
import { jobs, nameOf, put, sentence } from './words.js'

const $ = (id) => document.getElementById(id)
const SHOWN_FOR = 8000
let fading = 0

export function say(text, bad = false) {
  const detailed = $('detail').open
  for (const [node, here] of [[$('detail-said'), detailed], [$('said'), !detailed]]) {
    node.textContent = here ? text : ''
    node.classList.toggle('bad', bad)
  }
  $('said').hidden = detailed || !text
  clearTimeout(fading)
  if (!bad) fading = setTimeout(() => { $('said').hidden = true }, SHOWN_FOR)
}

function confirmed(title, text, yes) {
  put($('question-title'), title)
  put($('question-text'), text)
  put($('question-yes'), yes)
  const dialog = $('question')
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true })
  })
}

const WORDS = { canceled: 'was canceled', stopped: 'was stopped' }

async function cancel(job) {
  const after = await (await ask(job.links.cancel, { method: 'POST' })).json()
  return `${nameOf(job.task)} ${WORDS[after.status] || `is ${after.status}`}.`
}

async function retry(job) {
  await ask(job.links.retry, { method: 'POST' })
  return `${nameOf(job.task)} is queued again.`
}

async function remove(job) {
  const text = 'The job and the files that it made are removed for good.'
  if (!(await confirmed(`Delete this ${nameOf(job.task)}?`, text, 'Delete'))) return ''
  await ask(job.links.self, { method: 'DELETE' })
  return `${nameOf(job.task)} was deleted.`
}

// What a job's state allows, in the order of the buttons.
export function actionsOf(job) {
  const found = []
  if (job.links.cancel) found.push({ id: 'cancel', label: job.status === 'started' ? 'Stop' : 'Cancel', act: cancel })
  if (job.links.retry) found.push({ id: 'retry', label: 'Retry', act: retry })
  if (job.done) found.push({ id: 'delete', label: 'Delete', act: remove })
  return found
}

// Does something, says what came of it, and returns that; an empty text if nothing was done.
export async function attempt(act) {
  try {
    const said = await act()
    if (said) say(said)
    return said
  } catch (error) {
    say(sentence(error.message), true)
    return ''
  }
}

export async function retryAll(failed) {
  const body = JSON.stringify({ action: 'retry', ids: failed.map((job) => job.id) })
  const { done, failed: refused, items } = await (await ask('/jobs/bulk', { method: 'POST', body })).json()
  const reason = items.find((one) => !one.ok)?.detail
  const told = `${jobs(done)} ${done === 1 ? 'is' : 'are'} queued again.`
  return refused ? `${told} ${jobs(refused)} could not be: ${reason}.` : told
}

export async function pauseQueue() {
  const text = 'Workers finish what they run and take no new job. Jobs can still be queued; they wait. It stays so, also over a restart, until somebody resumes it.'
  if (!(await confirmed('Pause the queue?', text, 'Pause the queue'))) return ''
  await ask('/queue/pause', { method: 'POST' })
  return 'The queue is paused.'
}

export async function resumeQueue() {
  await ask('/queue/resume', { method: 'POST' })
  return 'The queue goes on.'
}
