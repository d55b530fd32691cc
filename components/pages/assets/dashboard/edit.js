// The dialog that retries a job with other arguments. Only changed arguments are sent, so hidden and shortened ones stay as they are.
import { callApi } from '/assets/access.js'
import { isIncomplete } from './arguments.js'
import { nameOf, put, sentence } from './words.js'

const $ = (id) => document.getElementById(id)
let edited = null

const shownKwargs = (job) => Object.fromEntries(Object.entries(job.arguments.kwargs).filter(([name]) => !isIncomplete(job, `kwargs.${name}`)))
const argsIncomplete = (job) => [...job.arguments.masked, ...job.arguments.truncated].some((field) => field.startsWith('args'))

// Shows the dialog; returns the new job, or null if the dialog was closed.
export function edit(job) {
  const hidden = Object.keys(job.arguments.kwargs).filter((name) => isIncomplete(job, `kwargs.${name}`))
  const hasArgs = job.arguments.args.length > 0
  if (argsIncomplete(job)) hidden.push('those without a name')
  put($('edit-title'), `Retry ${nameOf(job.task)} with changes`)
  put($('edit-note'), hidden.length ? `Not shown in full and kept unless you add them: ${hidden.join(', ')}.` : '')
  put($('edit-error'), '')
  $('edit-kwargs').value = JSON.stringify(shownKwargs(job), null, 2)
  $('edit-args').value = JSON.stringify(job.arguments.args, null, 2)
  $('edit-args-row').hidden = !hasArgs || argsIncomplete(job)
  edited = { job, made: null }
  $('edit').showModal()
  return new Promise((done) => {
    $('edit').addEventListener('close', () => done(edited.made), { once: true })
  })
}

function parsed(field, isRight, expected) {
  try {
    const value = JSON.parse($(field).value)
    if (isRight(value)) return value
  } catch (error) {
    throw new Error(`${expected}: ${error.message}`)
  }
  throw new Error(`${expected}.`)
}

// Returns the body of the request: what differs from the arguments that were shown.
function changes({ job }) {
  const before = shownKwargs(job)
  const after = parsed('edit-kwargs', (value) => value !== null && typeof value === 'object' && !Array.isArray(value), 'The arguments must be a JSON object')
  const kwargs = Object.fromEntries(Object.entries(after).filter(([name, value]) => !(name in before) || JSON.stringify(before[name]) !== JSON.stringify(value)))
  const body = { kwargs, unset: Object.keys(before).filter((name) => !(name in after)) }
  if (!$('edit-args-row').hidden) {
    const args = parsed('edit-args', Array.isArray, 'The arguments without a name must be a JSON list')
    if (JSON.stringify(args) !== JSON.stringify(job.arguments.args)) body.args = args
  }
  return body
}

$('edit-form').addEventListener('submit', async (event) => {
  if (event.submitter?.value !== 'ok') return
  event.preventDefault()
  $('edit-ok').disabled = true
  try {
    const body = JSON.stringify(changes(edited))
    edited.made = await (await callApi(`${edited.job.links.self}/retry`, { method: 'POST', body })).json()
    $('edit').close()
  } catch (error) {
    const details = (error.problem?.errors || []).map((one) => `${one.field}: ${one.detail}`)
    put($('edit-error'), details.length ? details.join(' ') : sentence(error.message))
  }
  $('edit-ok').disabled = false
})
