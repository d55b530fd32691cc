// The page /studio. The fragment of the address says what is shown: nothing (the start), a design, its plot, or a recipe to open.
import { getKey, setKey } from '/assets/access.js'
import { html, render } from '/assets/vendor/preact.js'
import { loadCatalogue } from './catalogue.js'
import { Crop } from './crop.js'
import { Design } from './design.js'
import { holdDraft, isOpenElsewhere, loadDraft, newId } from './drafts.js'
import { DropTarget } from './drop.js'
import { Editor } from './editor.js'
import { addElement } from './elements.js'
import { asDataUrl, decoded, kindOfFile, uploaded } from './files.js'
import { useListener } from './hooks.js'
import { useEffect, useState } from './ids.js'
import { KeyButton, SignIn } from './keys.js'
import { designOf, kindById } from './kinds/kinds.js'
import { isRecipe, recipeOf } from './links.js'
import { Start } from './start.js'
import { words } from './words.js'

const root = document.getElementById('main')
const NEEDS_KEYS = root.dataset.keys === '1'
const UPLOAD_LIMIT = Number(root.dataset.uploadLimit)

// Returns a stored variant in an array, which is empty if nothing of it can be used.
function variantOf({ body, plan }, catalogue) {
  try {
    const { kind, body: repaired } = designOf(body, catalogue)
    return [{ kind, body: repaired, plan }]
  } catch {
    return []
  }
}

const addressOf = (design, view) => `#design=${design.id}${view === 'plot' ? '/plot' : ''}`

function App() {
  const [catalogue, setCatalogue] = useState(null)
  const [design, setDesign] = useState(null)
  const [view, setView] = useState('design')
  const [notes, setNotes] = useState([])
  const [problem, setProblem] = useState(null)
  const [signIn, setSignIn] = useState(null)
  const [photo, setPhoto] = useState(null)
  const [busy, setBusy] = useState('')

  const tell = (text, retry = null) => setProblem({ text, retry })
  const askForKey = (refused) => setSignIn({ refused })
  const failed = (error, retry = null) => (error.status === 401 ? askForKey(Boolean(getKey())) : tell(error.message, retry))

  const load = async () => {
    if (NEEDS_KEYS && !getKey()) return askForKey(false)
    try {
      const loaded = await loadCatalogue()
      setProblem(null)
      setCatalogue(loaded)
    } catch (error) {
      failed(error)
      if (error.offline) setTimeout(load, 3000)
    }
  }
  useEffect(() => { load() }, [])

  // Opens what the fragment names. A design that another tab has open is opened as a copy.
  const follow = async () => {
    const fragment = location.hash
    try {
      if (isRecipe(fragment)) {
        const { kind, body, notes: changes } = designOf(await recipeOf(fragment), catalogue)
        return open(new Design({ kind, body }), { replace: true, notes: changes })
      }
      const [, pattern] = /^#pattern=([a-z0-9_]+)$/.exec(fragment) || []
      if (pattern && catalogue.patterns.has(pattern)) return begin('pattern', pattern, { replace: true })
      const [, id, plot] = /^#design=([0-9a-f]+)(\/plot)?$/.exec(fragment) || []
      if (id && id === design?.id) return setView(plot ? 'plot' : 'design')
      const draft = id && loadDraft(id)
      if (draft) return await openDraft(draft, plot ? 'plot' : 'design')
    } catch (error) {
      tell(error.message)
    }
    design?.save()
    holdDraft(null)
    setDesign(null)
    setNotes([])
  }
  useEffect(() => { if (catalogue) follow() }, [catalogue])
  useListener(window, 'popstate', () => catalogue && follow())
  useListener(window, 'pagehide', () => design?.save())

  const open = (next, { replace = false, notes: changes = [], view: shown = 'design' } = {}) => {
    design?.save()
    holdDraft(next.id)
    next.save()
    history[replace ? 'replaceState' : 'pushState'](null, '', addressOf(next, shown))
    setNotes(changes)
    setProblem(null)
    setView(shown)
    setDesign(next)
    window.scrollTo(0, 0)
    root.focus({ preventScroll: true })
  }
  const openDraft = async (draft, shown) => {
    const { kind, body, notes: changes } = designOf(draft.body, catalogue)
    const elsewhere = await isOpenElsewhere(draft.id)
    const variants = draft.variants.flatMap((one) => variantOf(one, catalogue))
    const next = new Design({ ...draft, kind, body, variants, id: elsewhere ? newId() : draft.id })
    open(next, { replace: true, view: shown, notes: [...(elsewhere ? [words.openElsewhere] : []), ...changes] })
  }
  const begin = (kind, name, { replace = false, source, view: shown } = {}) => {
    // A file was chosen by the user, so that its design is listed even before it is changed.
    open(new Design({ kind, body: kindById(kind).initial(catalogue, name, source), touched: Boolean(source) }), { replace, view: shown })
  }
  const show = (next) => {
    if (next === view) return
    history.pushState(null, '', addressOf(design, next))
    setView(next)
    window.scrollTo(0, 0)
  }
  const leave = () => { history.pushState(null, '', location.pathname); follow() }

  const openFile = async (file, style = 'stipple') => {
    setProblem(null)
    try {
      const kind = await kindOfFile(file, UPLOAD_LIMIT)
      if (kind === 'photo' && design?.kind === 'composition') {
        addElement(design, { type: 'pattern', pattern: 'halftone_lines', params: { image: await asDataUrl(await decoded(file)) } }, catalogue)
        return setNotes([words.added(file.name)])
      }
      if (kind === 'photo') return setPhoto({ file, style, bitmap: await decoded(file) })
      if (kind === 'recipe') {
        const { kind: id, body, notes: changes } = designOf(JSON.parse(await file.text()), catalogue)
        return open(new Design({ kind: id, body }), { notes: changes })
      }
      setBusy(words.reading(file.name))
      if (design?.kind === 'composition') {
        addElement(design, { type: 'svg', source: await uploaded(file, file.name) }, catalogue)
        return setNotes([words.added(file.name)])
      }
      begin('plot', '', { source: await uploaded(file, file.name), view: 'plot' })
    } catch (error) {
      failed(error, error.offline ? () => openFile(file, style) : null)
    } finally {
      setBusy('')
    }
  }
  const usePhoto = async (blob) => {
    setBusy(words.sendingPhoto)
    try {
      const source = await uploaded(blob, photo.file.name.replace(/\.[^.]*$/, '.jpg'))
      if (design?.kind === 'photo') design.change({ ...design.body, photo: source })
      else begin('photo', photo.style, { source })
      setPhoto(null)
    } catch (error) {
      failed(error)
    } finally {
      setBusy('')
    }
  }
  const signedIn = (valid) => {
    setSignIn(null)
    if (!valid) return
    setProblem(null)
    if (!catalogue) load()
    else window.dispatchEvent(new Event('studio-key'))
  }
  const signOut = () => { setCatalogue(null); setDesign(null); askForKey(false) }

  const keyButton = NEEDS_KEYS && html`<${KeyButton} onSignIn=${() => askForKey(false)} onSignOut=${signOut} />`
  return html`
    <${DropTarget} onFile=${openFile} enabled=${Boolean(catalogue)} />
    <div class="notices" role="alert">
      ${problem && html`<p class="notice bad"><span>${problem.text}</span>${problem.retry && html`<button type="button" class="link" onClick=${problem.retry}>${words.tryAgain}</button>`}<button type="button" class="icon" aria-label=${words.close} onClick=${() => setProblem(null)}>×</button></p>`}
      ${notes.length > 0 && html`<div class="notice"><div>${notes.map((one, index) => html`<p key=${index}>${one}</p>`)}</div><button type="button" class="icon" aria-label=${words.close} onClick=${() => setNotes([])}>×</button></div>`}
    </div>
    ${busy && html`<p class="busy" role="status">${busy}</p>`}
    ${!catalogue && html`<div class="starting controls">${problem || signIn ? keyButton : html`<p role="status">${words.starting}</p>`}</div>`}
    ${catalogue && !design && html`<${Start} catalogue=${catalogue} onBegin=${begin} onDraft=${(draft) => { history.pushState(null, '', `#design=${draft.id}`); follow() }} onFile=${openFile} keyButton=${keyButton} />`}
    ${catalogue && design && html`<${Editor} key=${design.id} design=${design} catalogue=${catalogue} view=${view} onView=${show} onLeave=${leave} onFile=${openFile}
      onKeyNeeded=${() => askForKey(Boolean(getKey()))} onNotes=${setNotes} keyButton=${keyButton} />`}
    ${photo && html`<${Crop} photo=${photo} onUse=${usePhoto} onCancel=${() => setPhoto(null)} busy=${busy} />`}
    ${signIn && html`<${SignIn} refused=${signIn.refused} onDone=${signedIn} />`}`
}

const place = document.getElementById('studio')
place.replaceChildren()
render(html`<${App} />`, place)
