// Samples of code: the request of an element as curl, JavaScript and Python, with a choice that is kept.
import { words } from './words.js'

const CHOICE = 'vector-api-language'

const python = (value) => {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  if (typeof value === 'object') return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one)}`).join(', ')}}`
  return JSON.stringify(value)
}

/** @typedef {{ method: string, path: string, key: boolean, body?: object, file?: boolean }} Example */

/** The request as a command of curl. @param {Example} one @param {string} origin */
export function curl(one, origin) {
  const sends = one.file || one.body !== undefined
  const parts = [`curl ${!sends && one.method !== 'GET' ? `-X ${one.method} ` : ''}${origin}${one.path}`]
  if (one.key) parts.push("-H 'X-API-Key: KEY'")
  if (one.file) parts.push('-F file=@FILE')
  else if (sends) parts.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(one.body).replaceAll("'", "'\\''")}'`)
  return parts.join(' \\\n  ')
}

/** The request with `fetch`. @param {Example} one @param {string} origin */
export function javascript(one, origin) {
  const headers = [one.key && "'X-API-Key': key", one.body !== undefined && "'Content-Type': 'application/json'"].filter(Boolean)
  const options = [
    one.method !== 'GET' && `  method: '${one.method}',`,
    headers.length && `  headers: { ${headers.join(', ')} },`,
    one.file && '  body: form,',
    one.body !== undefined && `  body: JSON.stringify(${indented(JSON.stringify(one.body, null, 2))}),`,
  ].filter(Boolean)
  const form = one.file ? "const form = new FormData()\nform.append('file', file)\n" : ''
  const call = options.length ? `fetch('${origin}${one.path}', {\n${options.join('\n')}\n})` : `fetch('${origin}${one.path}')`
  return `${form}const reply = await ${call}\nif (!reply.ok) throw new Error((await reply.json()).detail)`
}

const indented = (text) => text.replaceAll('\n', '\n  ')

/** The request with the library `requests`. @param {Example} one @param {string} origin */
export function pythonCode(one, origin) {
  const options = [
    one.key && '    headers={"X-API-Key": key},',
    one.file && '    files={"file": open("FILE", "rb")},',
    one.body !== undefined && `    json=${python(one.body)},`,
    '    timeout=60,',
  ].filter(Boolean)
  return `import requests\n\nreply = requests.${one.method.toLowerCase()}(\n    "${origin}${one.path}",\n${options.join('\n')}\n)\nreply.raise_for_status()`
}

const LANGUAGES = [['curl', 'curl', curl], ['javascript', 'JavaScript', javascript], ['python', 'Python', pythonCode]]

const chosen = () => localStorage.getItem(CHOICE) || LANGUAGES[0][0]

function show(sample, language) {
  const [, , write] = LANGUAGES.find(([name]) => name === language) || LANGUAGES[0]
  sample.querySelector('code').textContent = write(JSON.parse(sample.dataset.request), location.origin)
  for (const tab of sample.querySelectorAll('[role=tab]')) {
    const isChosen = tab.dataset.language === language
    tab.setAttribute('aria-selected', String(isChosen))
    tab.tabIndex = isChosen ? 0 : -1
  }
}

function choose(language) {
  localStorage.setItem(CHOICE, language)
  for (const sample of document.querySelectorAll('.sample')) show(sample, language)
}

function tabs(sample) {
  const list = document.createElement('div')
  list.className = 'tabs'
  const group = document.createElement('div')
  group.setAttribute('role', 'tablist')
  group.setAttribute('aria-label', words.language)
  for (const [name, title] of LANGUAGES) {
    const tab = document.createElement('button')
    tab.type = 'button'
    tab.setAttribute('role', 'tab')
    tab.dataset.language = name
    tab.textContent = title
    tab.addEventListener('click', () => keepPlace(tab, () => choose(name)))
    group.append(tab)
  }
  group.addEventListener('keydown', (event) => move(event, group))
  const copy = document.createElement('button')
  copy.type = 'button'
  copy.className = 'copy'
  copy.textContent = words.copy
  copy.addEventListener('click', () => copyCode(sample, copy))
  list.append(group, copy)
  return list
}

// Samples above change their height too: the one that the user looks at stays where it is.
function keepPlace(element, change) {
  const before = element.getBoundingClientRect().top
  change()
  scrollBy(0, element.getBoundingClientRect().top - before)
}

function move(event, group) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!step) return
  const all = [...group.children]
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length]
  next.focus()
  keepPlace(next, () => choose(next.dataset.language))
  event.preventDefault()
}

async function copyCode(sample, button) {
  try {
    await navigator.clipboard.writeText(sample.querySelector('code').textContent)
    button.textContent = words.copied
  } catch {
    getSelection().selectAllChildren(sample.querySelector('code'))
    button.textContent = words.selected
  }
  setTimeout(() => { button.textContent = words.copy }, 2000)
}

/** Adds the choice of languages to all samples in a part of the page. @param {ParentNode} root */
export function showSamples(root) {
  for (const sample of root.querySelectorAll('.sample')) {
    sample.prepend(tabs(sample))
    show(sample, chosen())
  }
}
