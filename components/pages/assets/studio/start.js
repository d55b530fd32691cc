// The beginning of the studio: choose a pattern, a style for a photo, a composition, a file, or a design that was kept.
import { OpenButton, PHOTOS } from './drop.js'
import { listDrafts, removeDraft, saveDraft } from './drafts.js'
import { html, useState } from './ids.js'
import { STARTS_OF_COMPOSITIONS } from './kinds/composition.js'
import { kindById } from './kinds/kinds.js'
import { drawPath } from './kinds/pattern.js'
import { Picture } from './pictures.js'
import { nameOf, words } from './words.js'

const THUMB = { width: 105, height: 148, paper: null, orientation: null }
const MAX_SHOWN_DRAFTS = 6

// Pictures made from a photo take seconds; whoever chooses another pattern at once should not wait for them.
const PHOTO_DELAY_MS = 1000

export function Cards({ catalogue, onChoose, chosen }) {
  const styles = photoStyles(catalogue)
  return html`<ul class="cards">${[...catalogue.patterns.values()].map((one) => html`<li key=${one.name}>
    <button type="button" class="card" aria-pressed=${chosen ? String(one.name === chosen) : undefined} onClick=${() => onChoose(one.name)}>
      <${Picture} path=${`/patterns/${one.name}/preview.png?width=320`} class="tall" delay=${styles.includes(one.name) ? PHOTO_DELAY_MS : 0} />
      <span class="about"><strong>${nameOf(one.name)}</strong><span>${one.summary}</span></span>
    </button></li>`)}</ul>`
}

function Draft({ draft, onOpen, onRemove }) {
  const kind = kindById(draft.kind)
  const title = draft.name || kind.title(draft.body)
  return html`<li class="draft">
    <button type="button" class="card" onClick=${onOpen}>
      ${draft.kind === 'pattern' ? html`<${Picture} path=${drawPath({ ...draft.body, params: draft.body.params }, { ...THUMB, margin: null, optimize: false }, 'png')} class="tall" />` : html`<span class=${`thumb tall sign ${draft.kind}`} aria-hidden="true">${words.signs[draft.kind]}</span>`}
      <span class="about"><strong>${title}</strong><span>${words.ago(draft.changedAt)}</span></span>
    </button>
    <button type="button" class="icon remove" aria-label=${words.removeDraft(title)} title=${words.removeDraft(title)} onClick=${onRemove}>×</button>
  </li>`
}

const listed = () => listDrafts().filter((one) => one.touched)

export function Start({ catalogue, onBegin, onDraft, onFile, keyButton }) {
  const [drafts, setDrafts] = useState(listed)
  const [removed, setRemoved] = useState(null)
  const [all, setAll] = useState(false)
  const remove = (draft) => { removeDraft(draft.id); setRemoved(draft); setDrafts(listed()) }
  const restore = () => { saveDraft(removed); setRemoved(null); setDrafts(listed()) }
  return html`<div class="start controls">
    <header class="welcome">
      <div><h2>${words.welcome}</h2><p>${words.welcomeHint}</p></div>
      <div class="openers"><${OpenButton} onFile=${onFile} /><p class="hint">${words.openHint}</p></div>
      ${keyButton}
    </header>
    ${removed && html`<p class="removed" role="status">${words.removed} <button type="button" class="link" onClick=${restore}>${words.undo}</button></p>`}
    ${drafts.length > 0 && html`<section aria-labelledby="kept"><h3 id="kept">${words.kept}</h3>
      <ul class="cards drafts">${drafts.slice(0, all ? undefined : MAX_SHOWN_DRAFTS).map((draft) => html`<${Draft} key=${draft.id} draft=${draft} onOpen=${() => onDraft(draft)} onRemove=${() => remove(draft)} />`)}</ul>
      ${drafts.length > MAX_SHOWN_DRAFTS && !all && html`<button type="button" class="link" onClick=${() => setAll(true)}>${words.allDrafts(drafts.length)}</button>`}
    </section>`}
    <section aria-labelledby="patterns"><h3 id="patterns">${words.patterns}</h3><p class="hint">${words.patternsHint}</p>
      <${Cards} catalogue=${catalogue} onChoose=${(name) => onBegin('pattern', name)} /></section>
    <section aria-labelledby="compositions"><h3 id="compositions">${words.compositions}</h3><p class="hint">${words.compositionsHint}</p>
      <ul class="cards wide">${STARTS_OF_COMPOSITIONS.map((name) => html`<li key=${name}><button type="button" class="card" onClick=${() => onBegin('composition', name)}>
        <span class=${`thumb tall starting-${name}`} aria-hidden="true"></span><span class="about"><strong>${words.starts[name].title}</strong><span>${words.starts[name].text}</span></span></button></li>`)}</ul></section>
    <section aria-labelledby="photos"><h3 id="photos">${words.photos}</h3><p class="hint">${words.photosHint}</p>
      <ul class="cards">${photoStyles(catalogue).map((name) => html`<li key=${name}><${OpenButton} class="card" accept=${PHOTOS} onFile=${(file) => onFile(file, name)} label=${html`
        <${Picture} path=${`/patterns/${name}/preview.png?width=320`} class="tall" delay=${PHOTO_DELAY_MS} /><span class="about"><strong>${nameOf(name)}</strong><span>${catalogue.patterns.get(name)?.summary}</span></span>`} /></li>`)}</ul></section>
  </div>`
}

function photoStyles(catalogue) {
  const { schema } = catalogue.operations.get('plot_photo')
  const found = schema.$ref ? catalogue.schemas[schema.$ref.split('/').at(-1)] : schema
  return found.properties.pattern.enum
}
