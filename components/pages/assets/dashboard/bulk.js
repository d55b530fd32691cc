// Actions on all jobs that match a filter: counted, confirmed, then applied part by part.
import { callApi } from '/assets/access.js'
import { confirmed, showMessage } from './actions.js'
import { jobs } from './words.js'

// One request changes 500 jobs.
const MAX_REQUESTS = 500
const ACTIONS = {
  cancel: { label: 'Cancel', done: 'canceled or stopped', text: 'Waiting jobs are canceled and running ones are stopped.' },
  retry: { label: 'Retry', done: 'queued again', text: 'Failed, stopped and canceled jobs are queued again.' },
  delete: { label: 'Delete', done: 'deleted', text: 'The jobs and their files are permanently deleted. Waiting jobs do not run.' },
}

// Yields the replies of the requests that handle the filter.
async function* parts(body) {
  let cursor = null
  for (let request = 0; request < MAX_REQUESTS; request += 1) {
    const reply = await (await callApi('/jobs/bulk', { method: 'POST', body: JSON.stringify({ ...body, cursor: cursor || undefined }) })).json()
    yield reply
    cursor = reply.next_cursor
    if (!cursor) return
  }
}

// Changes the jobs of the caller, or of `owner`. Returns the message about what was done, or an empty string.
export async function actOnAll(action, filter, owner = undefined) {
  const { label, done, text } = ACTIONS[action]
  let matched = 0
  for await (const part of parts({ action, filter, owner, dry_run: true })) matched += part.matched
  if (!matched) return `No jobs to ${action}.`
  const conditions = Object.entries(filter).map(([name, value]) => `${name} “${value}”`).join(', ')
  if (!(await confirmed(`${label} ${jobs(matched)}?`, `${text} Selected by ${conditions}.`, `${label} ${jobs(matched)}`))) return ''
  let changed = 0
  let refused = 0
  let reason = ''
  for await (const part of parts({ action, filter, owner })) {
    changed += part.done
    refused += part.failed
    reason ||= part.items.find((one) => !one.ok)?.detail || ''
    if (part.next_cursor) showMessage(`${jobs(changed)} of ${matched} ${done}…`)
  }
  const message = `${jobs(changed)} ${changed === 1 ? 'was' : 'were'} ${done}.`
  return refused ? `${message} ${jobs(refused)} could not be changed: ${reason}.` : message
}
