// A job: its progress while it runs, then its drawing, its files or its result.
import { callApi } from '/assets/access.js'
import { html, useEffect, useState } from '/assets/vendor/preact.js'
import { Drawing } from './sheet.js'
import { words } from './words.js'

const WAIT_S = 25
const PAUSE_MS = 700
const RETRY_MS = 3000
const pause = (ms) => new Promise((done) => { setTimeout(done, ms) })

/** Follows a job until it has ended: each reply comes when the job has changed. */
async function follow(job, signal, onChange) {
  let [current, tag] = [job, '']
  while (!current.done && !signal.aborted) {
    try {
      const reply = await callApi(`/jobs/${job.id}?wait=${WAIT_S}`, { signal, headers: tag ? { 'If-None-Match': tag } : {} })
      tag = reply.headers.get('ETag') || ''
      current = await reply.json()
      onChange(current)
      // Progress may change many times a second.
      if (!current.done) await pause(PAUSE_MS)
    } catch (error) {
      if (signal.aborted) return
      if ([404, 410].includes(error.status)) throw error
      if (error.status !== 304) await pause(RETRY_MS)
    }
  }
}

/** @param {{job: object, onChange: () => void}} props the record of a job */
export function Job({ job: given, onChange }) {
  const [job, setJob] = useState(given)
  const [failure, setFailure] = useState('')
  useEffect(() => {
    const controller = new AbortController()
    follow(given, controller.signal, setJob).catch((error) => setFailure(error.message))
    return () => controller.abort()
  }, [])
  const drawn = job.artifacts.find((one) => one.media_type === 'image/svg+xml')
  useEffect(() => { document.title = `${words.jobOf(job.task)}, ${words.states[job.status].toLowerCase()} - Vector API` }, [job.status])
  if (job.status === 'finished' && job.artifacts[0] === drawn && drawn) {
    return html`<${Drawing} source=${{ job: job.id }} facts=${drawn}><${Line} job=${job} /><//>`
  }
  return html`<article class="job-page"><h1>${words.jobOf(job.task)}</h1><${Line} job=${job} />
    ${failure && html`<p class="bad" role="alert">${failure}</p>`}
    ${!job.done && html`<${Progress} job=${job} />`}
    ${job.error && html`<p class="job-error" role="alert">${job.error}</p>`}
    <${Acts} job=${job} onChange=${onChange} onFailure=${setFailure} />
    ${job.status === 'finished' && html`<${Outcome} job=${job} />`}
    <${Log} job=${job} />
  </article>`
}

const Line = ({ job }) => html`<p class="job-line"><span class="job-state ${job.status}">${words.states[job.status]}</span>
  <code>${job.id}</code> <a href="/dashboard#job=${job.id}">${words.dashboard}</a></p>`

function Progress({ job }) {
  const { percent, message } = job.progress || {}
  const text = message || (job.position !== null && job.status === 'queued' ? words.position(job.position) : `${words.states[job.status]}…`)
  return html`<div class="job-progress"><progress max="100" value=${job.status === 'started' ? percent || 0 : undefined} aria-label=${words.states[job.status]}></progress>
    <p role="status">${text}</p></div>`
}

function Acts({ job, onChange, onFailure }) {
  const act = async (link) => {
    try {
      await callApi(link, { method: 'POST' })
      onChange()
    } catch (error) {
      onFailure(error.message)
    }
  }
  return html`<p class="buttons">${job.links.cancel && html`<button type="button" class="quiet" onClick=${() => act(job.links.cancel)}>${words.stop}</button>`}
    ${job.links.retry && html`<button type="button" onClick=${() => act(job.links.retry)}>${words.again}</button>`}</p>`
}

function Outcome({ job }) {
  if (job.artifacts.length) {
    return html`<section class="drawing-section"><h2>${words.files}</h2><ul class="job-files">${job.artifacts.map((one) => html`<li key=${one.name}><${File} file=${one} /></li>`)}</ul></section>`
  }
  const text = typeof job.result === 'string' ? job.result : JSON.stringify(job.result, null, 2)
  return html`<section class="drawing-section"><h2>${words.result}</h2>
    ${job.result === null ? html`<p>${words.noResult}</p>` : html`<pre tabindex="0" aria-label=${words.result}><code>${text}</code></pre>`}</section>`
}

function File({ file }) {
  const [address, setAddress] = useState('')
  const isPicture = file.media_type.startsWith('image/')
  useEffect(() => {
    let made = ''
    if (isPicture) callApi(file.url).then((reply) => reply.blob()).then((blob) => { made = URL.createObjectURL(blob); setAddress(made) }).catch(() => {})
    return () => URL.revokeObjectURL(made)
  }, [file.url])
  const save = async (event) => {
    // With a key, a link alone would be refused.
    event.preventDefault()
    const blob = await (await callApi(file.url)).blob()
    const link = document.createElement('a')
    link.href = URL.createObjectURL(blob)
    link.download = file.download_name || file.name
    link.click()
  }
  return html`${address && html`<img src=${address} alt=${file.name} />`}<a href=${file.url} onClick=${save}>${file.download_name || file.name}</a> <small>${words.size(file.size)}</small>`
}

function Log({ job }) {
  const [text, setText] = useState('')
  useEffect(() => {
    callApi(job.links.logs).then((reply) => reply.text()).then(setText, () => setText(''))
  }, [job.status])
  if (!text) return null
  return html`<details class="job-log" open=${job.status === 'failed'}><summary>${words.log}</summary><pre tabindex="0" aria-label=${words.log}><code>${text}</code></pre></details>`
}
