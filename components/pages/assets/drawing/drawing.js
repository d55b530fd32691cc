// The page of a drawing at `/gallery/<id>/page`, or of a job at `/jobs/<id>`: signed in, or with the token of a link.
import { callApi, getKey, setKey } from '/assets/access.js'
import { html, render, useEffect, useReducer, useState } from '/assets/vendor/preact.js'
import { Drawing } from './sheet.js'
import { Job } from './job.js'
import { words } from './words.js'

const main = document.getElementById('main')
const RETRY_MS = 3000

/** Returns what the address names: a drawing or a job, and the token of a link. */
function addressed() {
  const [, folder, id] = location.pathname.split('/')
  const token = new URLSearchParams(location.hash.slice(1)).get('token') || new URLSearchParams(location.search).get('token') || ''
  return { ...(folder === 'jobs' ? { job: id } : { drawing: id }), ...(token ? { token } : {}) }
}

function App() {
  const [source] = useState(addressed)
  const [attempt, again] = useReducer((one) => one + 1, 0)
  const [state, setState] = useState({})
  useEffect(() => {
    // A link opens the file of the drawing, but not its record.
    if (source.token) {
      setState({ guest: true })
      return undefined
    }
    if (main.dataset.keys && !getKey()) {
      setState({ refused: true })
      return undefined
    }
    const controller = new AbortController()
    callApi(source.job ? `/jobs/${source.job}` : `/gallery/${source.drawing}`, { signal: controller.signal })
      .then((reply) => reply.json())
      .then((record) => setState({ record }))
      .catch((error) => {
        if (controller.signal.aborted) return
        setState(error.status === 401 ? { refused: true, wrong: Boolean(getKey()) } : { error })
        if (error.offline) setTimeout(again, RETRY_MS)
      })
    return () => controller.abort()
  }, [attempt])
  if (state.refused) return html`<${SignIn} wrong=${state.wrong} onDone=${again} />`
  if (state.error) return html`<${Failure} error=${state.error} onRetry=${again} />`
  if (state.guest) return html`<${Drawing} source=${source} />`
  if (!state.record) return html`<p class="starting" role="status">${words.loading}</p>`
  return source.job ? html`<${Job} job=${state.record} onChange=${again} />` : html`<${Drawing} source=${source} drawing=${state.record} />`
}

function SignIn({ wrong, onDone }) {
  const submit = (event) => {
    event.preventDefault()
    setKey(event.target.elements.key.value.trim())
    onDone()
  }
  return html`<form class="drawing-notice" onSubmit=${submit}><h1>${words.signIn}</h1><p>${words.signInText}</p>
    <label for="key">${words.key}</label>
    <p class="drawing-key"><input id="key" name="key" type="password" autocomplete="off" spellcheck="false" required /> <button>${words.signIn}</button></p>
    <p class="bad" role="alert">${wrong ? words.keyWrong : ''}</p></form>`
}

function Failure({ error, onRetry }) {
  const isGone = [404, 410].includes(error.status)
  const text = isGone ? words.goneText : error.offline ? words.offline : words.failedTo(error.message)
  return html`<div class="drawing-notice" role="alert"><h1>${isGone ? words.gone : words.untitled}</h1><p>${text}</p>
    <p class="buttons"><a class="button" href="/gallery/page">${words.toGallery}</a> <a class="button quiet" href="/studio">${words.toStudio}</a>
    ${!isGone && html`<button type="button" class="quiet" onClick=${onRetry}>${words.retry}</button>`}</p></div>`
}

const place = document.getElementById('drawing')
place.replaceChildren()
render(html`<${App} />`, place)
