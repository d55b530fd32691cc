// Keeping a drawing, and its title and tags.
import { callApi } from '/assets/access.js'
import { html, useEffect, useRef, useState } from '/assets/vendor/preact.js'
import { words } from './words.js'

/** @param {{record: object, onChange: (record: object) => void}} props a drawing of the gallery */
export function KeepButton({ record, onChange }) {
  const [state, setState] = useState({})
  const keep = async () => {
    setState({ busy: true })
    try {
      onChange(await (await callApi(`${record.links.self}/keep`, { method: 'POST' })).json())
      setState({})
    } catch (error) {
      setState({ error: error.message })
    }
  }
  return html`<button type="button" class="quiet" aria-pressed=${record.kept} disabled=${state.busy} title=${state.error || (record.kept ? words.keptHint : words.keepHint)}
    onClick=${() => record.kept || keep()}>${record.kept ? words.kept : words.keep}</button>`
}

/** @param {{record: object, onChange: (record: object) => void}} props a drawing of the gallery */
export function LabelEditor({ record, onChange }) {
  const dialog = useRef(null)
  const [isOpen, setOpen] = useState(false)
  const [problem, setProblem] = useState('')
  useEffect(() => { if (isOpen) dialog.current.showModal() }, [isOpen])
  const save = async (event) => {
    event.preventDefault()
    const { title, tags } = event.target.elements
    const body = JSON.stringify({ title: title.value, tags: tags.value.toLowerCase().split(/[\s,]+/).filter(Boolean) })
    try {
      onChange(await (await callApi(record.links.self, { method: 'PATCH', body })).json())
      dialog.current.close()
    } catch (error) {
      setProblem(error.message)
    }
  }
  return html`<button type="button" class="quiet" onClick=${() => { setProblem(''); setOpen(true) }}>${words.rename}</button>
    ${isOpen && html`<dialog ref=${dialog} aria-labelledby="label-title" onClose=${() => setOpen(false)}><form onSubmit=${save}>
      <h2 id="label-title">${words.rename}</h2>
      <label>${words.title}<input name="title" maxlength="200" defaultValue=${record.title} autocomplete="off" /></label>
      <label>${words.tags}<input name="tags" defaultValue=${record.tags.join(' ')} autocomplete="off" spellcheck="false" aria-describedby="label-hint" /></label>
      <p class="hint" id="label-hint">${words.tagsHint}</p>
      <p class="bad" role="alert">${problem}</p>
      <p class="buttons"><button>${words.save}</button> <button type="button" class="quiet" onClick=${() => dialog.current.close()}>${words.cancel}</button></p>
    </form></dialog>`}`
}
