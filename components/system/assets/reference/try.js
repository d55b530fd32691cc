// A form that sends the request of an operation and shows the reply.
import { callApi } from '/assets/access.js'
import { openapi, operationAt, resolved } from './openapi.js'
import { words } from './words.js'

const MAX_SHOWN_CHARS = 30_000
const MAX_READ_BYTES = 4_000_000
const TIMEOUT_MS = 70_000
// The last job that a form of this page queued: the next request is usually about it.
let lastJob = ''
let count = 0

const element = (name, properties = {}, ...children) => {
  const one = Object.assign(document.createElement(name), properties)
  one.append(...children)
  return one
}

// The values of path parameters in the sample, without its placeholders such as JOB_ID.
function samplePath(path, sample) {
  const given = sample.split('/')
  const named = path.split('/').map((part, at) => [part.slice(1, -1), given[at]])
  return Object.fromEntries(named.filter(([, value]) => value && !/^[A-Z_]+$/.test(value)))
}

function field(parameter, schema, value = '') {
  const id = `try-${++count}`
  const label = element('label', { htmlFor: id }, parameter.name)
  if (parameter.required) label.append(' ', element('span', { className: 'needed', textContent: words.required }))
  const choices = schema.enum || (schema.type === 'boolean' ? [true, false] : null)
  const input = choices
    ? element('select', {}, element('option', { value: '', textContent: '' }), ...choices.filter((one) => one !== null).map((one) => element('option', { textContent: String(one) })))
    : element('input', { type: 'text', spellcheck: false, autocomplete: 'off', placeholder: String(schema.default ?? '') })
  Object.assign(input, { id, name: parameter.name, required: Boolean(parameter.required) })
  input.value = parameter.name === 'job_id' ? lastJob : value
  input.parameter = parameter
  return element('p', {}, label, input)
}

async function form(article) {
  const { method, path } = article.dataset
  const document_ = await openapi()
  const operation = operationAt(document_, method, path)
  const example = JSON.parse(article.querySelector('.sample').dataset.request)
  const values = samplePath(path, example.path)
  const fields = element('div', { className: 'fields' }, ...operation.parameters
    .filter((one) => one.name !== 'token')
    .map((one) => field(one, resolved(document_, one.schema || {}), one.in === 'path' ? values[one.name] : '')))
  const parts = [fields]
  if (example.file) {
    const id = `try-${++count}`
    parts.push(element('p', {}, element('label', { htmlFor: id }, words.file), element('input', { type: 'file', id, name: 'file' })))
  } else if (example.body !== undefined) {
    const id = `try-${++count}`
    const text = JSON.stringify(example.body, null, 2)
    parts.push(element('p', {}, element('label', { htmlFor: id }, words.body), element('textarea', { id, name: 'body', value: text, rows: Math.min(16, text.split('\n').length + 1), spellcheck: false })))
  }
  const button = element('button', { textContent: words.send })
  const output = element('output')
  const made = element('form', { className: 'try', noValidate: true }, ...parts, element('p', {}, button), output)
  made.addEventListener('submit', async (event) => {
    event.preventDefault()
    button.disabled = true
    output.replaceChildren(words.sending)
    try {
      output.replaceChildren(...await send(method, path, made))
    } catch (error) {
      output.replaceChildren(element('span', { className: 'bad', textContent: error.message }))
    } finally {
      button.disabled = false
    }
  })
  return made
}

function requestOf(method, path, made) {
  const query = new URLSearchParams()
  const headers = {}
  let address = path
  for (const input of made.querySelectorAll('.fields [name]')) {
    const { parameter, value } = input
    if (parameter.required && !value) {
      input.focus()
      throw new Error(words.fillIn(parameter.name))
    }
    if (parameter.in === 'path') address = address.replace(`{${parameter.name}}`, encodeURIComponent(value))
    else if (value && parameter.in === 'query') query.append(parameter.name, value)
    else if (value) headers[parameter.name] = value
  }
  const options = { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }
  const { body, file } = made.elements
  if (file) {
    options.body = new FormData()
    if (file.files[0]) options.body.append('file', file.files[0])
  } else if (body) {
    try {
      JSON.parse(body.value)
    } catch (error) {
      throw new Error(words.notJson(error.message))
    }
    options.body = body.value
  }
  return [query.size ? `${address}?${query}` : address, options]
}

async function send(method, path, made) {
  const [address, options] = requestOf(method, path, made)
  const started = performance.now()
  const line = (status, text) => element('p', {},
    element('span', { className: `code s${String(status)[0]}`, textContent: words.took(status, text, Math.round(performance.now() - started)) }))
  try {
    const reply = await callApi(address, options)
    const head = line(reply.status, reply.statusText)
    return [head, ...await shown(reply)]
  } catch (error) {
    if (!error.status) throw error
    return [line(error.status, error.problem?.title || ''), element('pre', { tabIndex: 0, textContent: JSON.stringify(error.problem, null, 2) })]
  }
}

async function shown(reply) {
  const type = (reply.headers.get('Content-Type') || '').split(';')[0]
  if (/^text\/event-stream$/.test(type) || /json|^text\//.test(type)) {
    const text = await beginning(reply)
    let nice = text
    try {
      const value = JSON.parse(text)
      lastJob = value.job_id || lastJob
      nice = JSON.stringify(value, null, 2)
    } catch { /* Shown as it is. */ }
    const cut = nice.length > MAX_SHOWN_CHARS
    return nice ? [element('pre', { tabIndex: 0, textContent: cut ? `${nice.slice(0, MAX_SHOWN_CHARS)}\n${words.cut}` : nice })] : []
  }
  const blob = await reply.blob()
  const address = URL.createObjectURL(blob)
  const about = element('p', { textContent: words.binary(type, blob.size) })
  about.append(' ', element('a', { href: address, download: '', textContent: words.download }))
  return type.startsWith('image/') ? [about, element('img', { src: address, alt: '' })] : [about]
}

// Reads the beginning of a reply: a stream of events ends only with its job.
async function beginning(reply) {
  const reader = reply.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let size = 0; size < MAX_READ_BYTES;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.length
    text += decoder.decode(value, { stream: true })
  }
  reader.cancel().catch(() => {})
  return text
}

/** Adds a button to an article that opens and closes its form. @param {HTMLElement} article */
export function addTry(article) {
  const button = element('button', { type: 'button', className: 'try-open', textContent: words.tryIt })
  button.setAttribute('aria-expanded', 'false')
  let made = null
  button.addEventListener('click', async () => {
    if (made) {
      made.hidden = !made.hidden
    } else {
      button.disabled = true
      try {
        made = await form(article)
        button.after(made)
      } catch {
        button.textContent = words.offline
      }
      button.disabled = false
    }
    if (!made) return
    button.setAttribute('aria-expanded', String(!made.hidden))
    button.textContent = made.hidden ? words.tryIt : words.close
    if (!made.hidden) made.querySelector('input, select, textarea, button').focus()
  })
  article.querySelector('.sample').after(button)
}
