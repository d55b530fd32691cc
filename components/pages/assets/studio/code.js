// The recipe as JSON, as a link, and as code that draws the same; and a place to paste one.
import { saveAs } from './files.js'
import { html, useEffect, useState } from './ids.js'
import { useDialog } from './hooks.js'
import { designOf, kindById } from './kinds/kinds.js'
import { recipeLink } from './links.js'
import { fileName } from './plan.js'
import { snippets } from './snippets.js'
import { words } from './words.js'

// Of the files that keep what a tab shows.
const SUFFIXES = { link: '.txt', json: '.json', curl: '.sh', fetch: '.js', python: '.py' }
const TABS = ['link', 'json', 'curl', 'fetch', 'python']

export function CodeDialog({ design, catalogue, onClose, onNotes, hasKey }) {
  const dialog = useDialog(onClose)
  const [tab, setTab] = useState('link')
  const [link, setLink] = useState('')
  const [text, setText] = useState(JSON.stringify(design.body, null, 2))
  const [message, setMessage] = useState('')
  const [problem, setProblem] = useState('')
  useEffect(() => { recipeLink(design.body, location.origin).then(setLink) }, [])
  const operation = catalogue.operations.get(kindById(design.kind).operation)
  const code = { link, json: text, ...snippets(operation, design.body, location.origin, hasKey) }
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code[tab])
      setMessage(words.copied)
    } catch {
      // Without HTTPS there is no clipboard: the text is selected instead.
      dialog.current.querySelector('textarea').select()
      setMessage(words.selected)
    }
  }
  const save = () => saveAs(new Blob([code[tab]], { type: 'text/plain' }), fileName(design, SUFFIXES[tab]))
  const apply = () => {
    try {
      const { kind, body, notes } = designOf(JSON.parse(text), catalogue)
      design.change(body, { kind })
      onNotes(notes)
      dialog.current.close()
    } catch (error) {
      setProblem(error instanceof SyntaxError ? words.notJson(error.message) : error.message)
    }
  }
  const choose = (one) => { setTab(one); setMessage(''); setProblem('') }
  const move = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!by) return
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]
    choose(next)
    dialog.current.querySelector(`#tab-${next}`).focus()
  }
  return html`<dialog ref=${dialog} class="code-dialog" aria-labelledby="code-title"><div class="row"><h2 id="code-title">${words.recipeTitle}</h2>
    <button type="button" class="icon" aria-label=${words.close} onClick=${() => dialog.current.close()}>×</button></div>
    <div role="tablist" class="segments" aria-label=${words.recipeTitle} onKeyDown=${move}>${TABS.map((one) => html`<button type="button" key=${one} role="tab" id=${`tab-${one}`} aria-selected=${String(tab === one)} tabindex=${tab === one ? 0 : -1} aria-controls="code-panel" onClick=${() => choose(one)}>${words.tabs[one]}</button>`)}</div>
    <div role="tabpanel" id="code-panel" aria-labelledby=${`tab-${tab}`}>
      <p class="hint">${words.tabHints[tab]}</p>
      <textarea class="code" rows=${tab === 'link' ? 5 : 14} spellcheck="false" readonly=${tab !== 'json'} aria-label=${words.tabs[tab]} value=${code[tab]} onInput=${(event) => { setText(event.target.value); setProblem('') }}></textarea>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </div>
    <p class="buttons"><button type="button" onClick=${copy}>${words.copy}</button>${tab === 'json' && html`<button type="button" class="quiet" onClick=${apply}>${words.applyRecipe}</button>`}<button type="button" class="quiet" onClick=${save}>${words.saveFile}</button><span role="status">${message}</span></p>
  </dialog>`
}
