// Presets of a pattern: those that it declares, and the user's own, which are kept in this browser.
import { useLayoutEffect } from '/assets/vendor/preact.js'
import { canonical } from './design.js'
import { useListener } from './hooks.js'
import { html, useRef, useState } from './ids.js'
import { drawPath } from './kinds/pattern.js'
import { Picture } from './pictures.js'
import { repaired } from './schema.js'
import { words } from './words.js'

const PREFIX = 'studio-presets-'
const MAX_OWN = 24
const MAX_TITLE_CHARS = 40
const SHEET = { width: 105, height: 148, seed: 4, optimize: false }

const isOwnPicture = ([name, value]) => name === 'image' && String(value).startsWith('data:')
const only = (object, test) => Object.fromEntries(Object.entries(object || {}).filter(test))

/** Returns the parameters that differ from the defaults, without a picture of the user, which presets leave as it is. */
function differing(params, schema) {
  return only(params, ([name, value]) => value !== undefined && !isOwnPicture([name, value])
    && canonical(value) !== canonical(schema.properties[name]?.default ?? null))
}

// What is stored may come from another version of the pattern.
function loadOwn(pattern, catalogue) {
  try {
    const stored = JSON.parse(localStorage.getItem(PREFIX + pattern))
    return (Array.isArray(stored) ? stored : []).filter((one) => one && typeof one.title === 'string').slice(0, MAX_OWN)
      .map(({ title, params }) => ({ title, params: repaired(catalogue.patterns.get(pattern).params, params, catalogue).value || {}, own: true }))
  } catch {
    return []
  }
}

function storeOwn(pattern, presets) {
  try {
    localStorage.setItem(PREFIX + pattern, JSON.stringify(presets.map(({ title, params }) => ({ title, params }))))
    return true
  } catch {
    return false
  }
}

function Naming({ onSave, onCancel }) {
  const input = useRef(null)
  useLayoutEffect(() => input.current.focus(), [])
  const save = (event) => {
    event.preventDefault()
    const title = input.current.value.trim()
    if (title) onSave(title)
  }
  return html`<form class="row naming" onSubmit=${save} onKeyDown=${(event) => event.key === 'Escape' && onCancel()}>
    <input ref=${input} type="text" autocomplete="off" required maxlength=${MAX_TITLE_CHARS} aria-label=${words.presetName} placeholder=${words.presetName} />
    <button type="submit" class="quiet small">${words.savePreset}</button><button type="button" class="quiet small" onClick=${onCancel}>${words.cancel}</button></form>`
}

/**
 * A row of pictures of presets. Choosing one replaces the parameters in one step; the seed and the page stay.
 * @param {{design: import('./design.js').Design, pattern: string, catalogue: import('./catalogue.js').Catalogue}} properties
 */
export function Presets({ design, pattern, catalogue }) {
  const [own, setOwn] = useState(() => loadOwn(pattern, catalogue))
  const [naming, setNaming] = useState(false)
  const [message, setMessage] = useState('')
  const opener = useRef(null)
  const { params: schema, presets } = catalogue.patterns.get(pattern)
  useListener(window, 'storage', () => setOwn(loadOwn(pattern, catalogue)))
  const current = differing(design.body.params, schema)
  const choose = ({ params }) => design.change({ ...design.body, params: { ...only(design.body.params, isOwnPicture), ...params } })
  const store = (changed, text) => {
    const stored = storeOwn(pattern, changed)
    if (stored) setOwn(changed)
    setMessage(stored ? text : words.storageFull)
  }
  // The field, or the button of a preset, that had the focus is gone.
  const leave = () => { setNaming(false); requestAnimationFrame(() => opener.current?.focus()) }
  const save = (title) => {
    const others = loadOwn(pattern, catalogue).filter((one) => one.title !== title)
    if (others.length >= MAX_OWN) return setMessage(words.presetsFull(MAX_OWN))
    store([...others, { title, params: current, own: true }], words.presetSaved(title))
    leave()
  }
  const remove = ({ title }) => {
    store(loadOwn(pattern, catalogue).filter((one) => one.title !== title), words.presetRemoved(title))
    leave()
  }
  const all = [{ title: words.defaultPreset, params: {} }, ...own, ...presets]
  return html`<section class="presets" aria-label=${words.presets}><ul>${all.map((one) => html`<li key=${`${one.own ? 'own' : ''} ${one.title}`}>
      <button type="button" class="picture" aria-pressed=${String(canonical(differing(one.params, schema)) === canonical(current))} onClick=${() => choose(one)}>
        <${Picture} path=${`${drawPath({ pattern, params: one.params }, SHEET, 'png')}&png.width=160`} class="tall" /><span>${one.title}</span></button>
      ${one.own && html`<button type="button" class="icon remove" aria-label=${words.removePreset(one.title)} title=${words.removePreset(one.title)} onClick=${() => remove(one)}>×</button>`}
    </li>`)}</ul>
    ${naming ? html`<${Naming} onSave=${save} onCancel=${leave} />` : html`<button type="button" ref=${opener} class="quiet small" onClick=${() => setNaming(true)}>${words.savePreset}</button>`}
    <p class="hint" role="status">${message}</p></section>`
}
