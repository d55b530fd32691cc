// The left side: what is drawn. Groups come from the kind of the design, fields from the schema of its operation.
import { resolved } from './catalogue.js'
import { OpenButton } from './drop.js'
import { Elements } from './elements.js'
import { Field } from './fields.js'
import { Member, Members } from './form.js'
import { html, useEffect, useState } from './ids.js'
import { useDialog } from './hooks.js'
import { kindById, schemaOf } from './kinds/kinds.js'
import { composed } from './kinds/composition.js'
import { randomSeed } from './kinds/page.js'
import { drawPath, surprise } from './kinds/pattern.js'
import { Picture } from './pictures.js'
import { Presets } from './presets.js'
import { Cards } from './start.js'
import { nameOf, words } from './words.js'

// Choices of these members look different enough for a picture of each.
const PICTURED = ['kind', 'style', 'preset', 'field', 'marker', 'shape']
const MAX_PICTURED = 13
const SMALL = { width: 60, height: 60, margin: 4, seed: 4, optimize: false, pen_width: 0.5 }

function PatternChoice({ catalogue, chosen, onChoose, onClose }) {
  const dialog = useDialog(onClose)
  return html`<dialog ref=${dialog} class="chooser" aria-labelledby="chooser-title"><div class="row"><h2 id="chooser-title">${words.choosePattern}</h2>
    <button type="button" class="icon" aria-label=${words.close} onClick=${() => dialog.current.close()}>×</button></div>
    <${Cards} catalogue=${catalogue} chosen=${chosen} onChoose=${(name) => { onChoose(name); dialog.current.close() }} /></dialog>`
}

function SeedField({ design, schema, problem, params }) {
  const set = (seed) => design.change({ ...design.body, seed }, { key: 'seed' })
  return html`<div class="seed"><${Field} name="seed" schema=${{ ...resolved(schema, {}), nullable: false, slider: false }} value=${design.body.seed} onChange=${(seed) => set(seed ?? 0)} problem=${problem} />
    <div class="row"><button type="button" class="quiet" onClick=${() => set(randomSeed())}>${words.dice}</button>
      ${params && html`<button type="button" class="quiet" title=${words.surpriseHint} onClick=${() => design.change({ ...design.body, params: surprise(params), seed: randomSeed() })}>${words.surprise}</button>`}
      ${design.seeds.length > 0 && html`<label class="inline">${words.earlierSeeds}<select onChange=${(event) => set(Number(event.target.value))} value="">
        <option value="" selected disabled>${words.choose}</option>${design.seeds.map((seed) => html`<option key=${seed} value=${seed}>${seed}</option>`)}</select></label>`}</div></div>`
}

function Page({ design, schema, catalogue, problems, names }) {
  const { body } = design
  const change = (changes, key) => design.change({ ...body, ...changes }, { key })
  const custom = !body.paper
  const paper = catalogue.papers.get(body.paper)
  const shown = names.filter((name) => !['paper', 'orientation'].includes(name) && (custom || !['width', 'height'].includes(name)))
  const choose = (name) => {
    if (name) return change({ paper: name, orientation: body.orientation || 'portrait', width: undefined, height: undefined })
    change({ paper: undefined, orientation: undefined, width: paper?.width || 210, height: paper?.height || 297 })
  }
  const families = [...new Set([...catalogue.papers.values()].map((one) => one.family))]
  return html`<div class="field"><div class="heading"><label for="paper">${words.paper}</label></div>
      <select id="paper" onChange=${(event) => choose(event.target.value)}>
        <option value="" selected=${custom}>${words.ownSize}</option>
        ${families.map((family) => html`<optgroup key=${family} label=${family}>${[...catalogue.papers.values()].filter((one) => one.family === family).map((one) => html`<option key=${one.name} value=${one.name} selected=${one.name === body.paper}>${words.paperTitle(one)}</option>`)}</optgroup>`)}
      </select></div>
    ${!custom && html`<${Field} name="orientation" schema=${schema.properties.orientation} value=${body.orientation} onChange=${(orientation) => change({ orientation })} />`}
    <${Members} schema=${schema} value=${body} names=${shown} catalogue=${catalogue} problems=${problems} onChange=${(changed) => design.change(changed, { key: 'page' })} />`
}

// What was read of a file, with its pens. The part belongs to the plot, and is loaded when a file is open.
function Read({ artifact, design }) {
  const [Incoming, setIncoming] = useState(null)
  useEffect(() => { import('./plot/incoming.js').then((found) => setIncoming(() => found.Incoming), () => {}) }, [])
  return Incoming && html`<${Incoming} report=${artifact} pens=${design.body.pens} onPens=${(pens) => design.change({ ...design.body, pens }, { key: 'pens' })} />`
}

function Group({ title, children, open = true }) {
  return html`<details class="group" open=${open}><summary>${title}</summary><div class="members">${children}</div></details>`
}

export function Panel({ design, catalogue, preview, selected, onSelect, onFile }) {
  const [choosing, setChoosing] = useState(false)
  const kind = kindById(design.kind)
  const schema = schemaOf(kind, design.body, catalogue)
  const { problems } = preview.shown
  const pattern = schema.properties.params && kind.id !== 'composition' && (design.body.pattern ?? schema.properties.pattern.default)
  const picturesOf = (name, member) => (kind.id === 'pattern' && PICTURED.includes(name) && member.enum?.length <= MAX_PICTURED
    ? (value) => html`<${Picture} path=${drawPath({ pattern, params: { [name]: value } }, SMALL, 'png')} class="square" />` : undefined)
  const inGroups = new Set([...kind.hidden, ...kind.groups.flatMap((one) => one.names || [one.inside])])
  const more = Object.keys(schema.properties).filter((name) => !inGroups.has(name) && !catalogue.jobOptions.has(name))
  const general = problems.filter((one) => !one.path || !Object.hasOwn(schema.properties, one.path.split('/')[0]))
  return html`<section class="panel" aria-label=${words.whatIsDrawn}>
    ${pattern && html`<div class="what"><${Picture} path=${`/patterns/${pattern}/preview.png?width=160`} class="tall small" />
      <div><strong>${nameOf(pattern)}</strong><p class="hint">${catalogue.patterns.get(pattern)?.summary}</p>
      ${kind.id === 'photo' ? html`<${Field} name="pattern" label=${words.style} schema=${schema.properties.pattern} value=${design.body.pattern} pictures=${(name) => html`<${Picture} path=${`/patterns/${name}/preview.png?width=160`} class="square" />`} onChange=${(name) => design.change({ ...design.body, pattern: name, params: {} })} />
        <${OpenButton} class="quiet small" label=${words.otherPhoto} onFile=${onFile} />`
      : html`<div class="row"><button type="button" class="quiet small" onClick=${() => setChoosing(true)}>${words.changePattern}</button>
        <button type="button" class="quiet small" title=${words.composeHint} onClick=${() => design.change(composed(design.body), { kind: 'composition' })}>${words.compose}</button></div>`}</div></div>`}
    ${kind.id === 'pattern' && catalogue.patterns.has(pattern) && html`<${Presets} key=${pattern} design=${design} pattern=${pattern} catalogue=${catalogue} />`}
    ${general.map((one) => html`<p class="problem" role="alert">${one.text}</p>`)}
    ${kind.id === 'composition' && html`<${Elements} design=${design} schema=${schema} catalogue=${catalogue} problems=${problems} selected=${selected} onSelect=${onSelect} />`}
    ${kind.id === 'plot' && preview.shown.artifact && html`<${Read} artifact=${preview.shown.artifact} design=${design} />`}
    ${kind.groups.map((group) => html`<${Group} key=${group.id} title=${words.groups[group.id]}>
      ${group.inside && html`<${Members} schema=${schema.properties[group.inside]} value=${design.body[group.inside] || {}} hidden=${kind.hiddenParams} path=${[group.inside]} catalogue=${catalogue} problems=${problems} picturesOf=${picturesOf}
        onChange=${(changed) => design.change({ ...design.body, [group.inside]: changed }, { key: `${group.inside}` })} />
        ${kind.hasSeed && html`<${SeedField} design=${design} schema=${schema.properties.seed} problem=${problems.find((one) => one.path === 'seed')?.text} params=${kind.id === 'pattern' && schema.properties.params} />`}`}
      ${group.id === 'page' && schema.properties.paper && schema.properties.orientation ? html`<${Page} design=${design} schema=${schema} catalogue=${catalogue} problems=${problems} names=${group.names} />`
      : group.names && html`<${Members} schema=${schema} value=${design.body} names=${group.names} first=${4} catalogue=${catalogue} problems=${problems} onChange=${(changed) => design.change(changed, { key: group.id })} />`}
    </${Group}>`)}
    ${kind.id === 'composition' && html`<${Group} title=${words.seed}><${SeedField} design=${design} schema=${schema.properties.seed} /></${Group}>`}
    ${more.length > 0 && html`<${Group} title=${words.groups.more} open=${false}>${more.map((name) => html`<${Member} key=${name} name=${name} schema=${schema.properties[name]} value=${design.body[name]} catalogue=${catalogue} problems=${problems} path=${[name]} onChange=${(value) => design.set([name], value)} />`)}</${Group}>`}
    ${choosing && html`<${PatternChoice} catalogue=${catalogue} chosen=${pattern} onClose=${() => setChoosing(false)} onChoose=${(name) => design.change({ ...design.body, pattern: name, params: {} })} />`}
  </section>`
}
