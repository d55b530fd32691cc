// The list of elements and layers of a composition, and the form of the selected element.
import { alternative, resolved } from './catalogue.js'
import { withValue } from './design.js'
import { ColorField } from './fields.js'
import { Members } from './form.js'
import { html } from './ids.js'
import { pageSize } from './kinds/page.js'
import { nameOf, words } from './words.js'

const POINTS = { line: [[40, 60], [170, 60]], polyline: [[40, 80], [90, 50], [130, 100], [170, 60]], polygon: [[60, 120], [150, 120], [105, 50]] }
const PEN_COLORS = ['#1b2536', '#c43d1e', '#1f5a75', '#1d6a3c', '#d1982a', '#7a3e8e']

/** Returns a name of an element for people, such as `Text “June”`. */
export function elementName(element) {
  const detail = { pattern: nameOf(element.pattern || ''), text: `“${(element.text || '').split('\n')[0].slice(0, 24)}”` }[element.type]
  return [nameOf(element.type), detail].filter(Boolean).join(' ')
}

function newElement(type, design, catalogue) {
  const [width, height] = pageSize(design.body, catalogue)
  const layer = design.body.layers?.[0]?.name
  const shared = { type, ...(layer ? { layer } : {}) }
  if (POINTS[type]) return { ...shared, points: POINTS[type].map(([x, y]) => [Math.min(x, width - 10), Math.min(y, height - 10)]) }
  const side = Math.round(Math.min(width, height) * 0.4)
  const box = { x: Math.round((width - side) / 2), y: Math.round((height - side) / 2), width: side, height: side }
  return { ...shared, box, ...({ text: { text: words.newText }, pattern: { pattern: 'phyllotaxis', params: {} }, svg: { svg: words.newSvg } }[type]) }
}

/**
 * Adds a drawing or a photo to a composition, in the middle of the page.
 * @param {import('./design.js').Design} design
 * @param {object} element without box and layer
 */
export function addElement(design, element, catalogue) {
  const added = { ...newElement(element.type, design, catalogue), ...element }
  if (added.source) delete added.svg
  design.change({ ...design.body, elements: [...design.body.elements, added] })
}

/** Returns the elements in another order. */
export function reordered(items, from, to) {
  const copy = [...items]
  copy.splice(to, 0, ...copy.splice(from, 1))
  return copy
}

function Layers({ design, catalogue }) {
  const layers = design.body.layers || []
  const set = (changed, key = 'layers') => design.change({ ...design.body, layers: changed }, { key })
  const rename = (index, name) => {
    const before = layers[index].name
    const elements = design.body.elements.map((one) => (one.layer === before ? { ...one, layer: name } : one))
    design.change({ ...design.body, layers: withValue(layers, [index, 'name'], name), elements }, { key: `layer-${index}` })
  }
  const add = () => {
    const used = new Set(layers.map((one) => one.name))
    let number = layers.length + 1
    while (used.has(words.newLayer(number))) number += 1
    set([...layers, { name: words.newLayer(number), color: PEN_COLORS[layers.length % PEN_COLORS.length] }])
  }
  return html`<fieldset class="layers"><legend>${words.layers}</legend><p class="hint">${words.layersHint}</p>
    ${layers.map((one, index) => html`<div class="layer" key=${index}>
      <${ColorField} value=${one.color} label=${words.colorOf(one.name)} onChange=${(color) => set(withValue(layers, [index, 'color'], color || 'black'), `color-${index}`)} />
      <input type="text" class="name" aria-label=${words.nameOfLayer(index + 1)} maxlength="100" value=${one.name} onChange=${(event) => event.target.value.trim() && rename(index, event.target.value.trim())} />
      <input type="text" inputmode="decimal" class="width" aria-label=${words.widthOf(one.name)} placeholder="mm" title=${words.widthOf(one.name)} value=${one.pen_width ?? ''} onChange=${(event) => { const width = Number(event.target.value.replace(',', '.')); set(withValue(layers, [index, 'pen_width'], width >= 0.05 && width <= 5 ? width : undefined)) }} />
      <button type="button" class="icon" disabled=${index === 0} aria-label=${words.earlier(one.name)} onClick=${() => set(reordered(layers, index, index - 1))}>↑</button>
      <button type="button" class="icon" aria-label=${words.removeLayer(one.name)} onClick=${() => set(withValue(layers, [index], undefined))}>×</button>
    </div>`)}
    <button type="button" class="quiet small" onClick=${add}>${words.addLayer}</button></fieldset>`
}

export function Elements({ design, schema, catalogue, problems, selected, onSelect }) {
  const elements = design.body.elements || []
  const element = resolved(schema.properties.elements.items, catalogue.schemas)
  const types = Object.keys(element.discriminator.mapping)
  const set = (changed, key = 'elements') => design.change({ ...design.body, elements: changed }, { key })
  const add = (type) => {
    set([...elements, newElement(type, design, catalogue)])
    onSelect(elements.length)
  }
  const move = (index, to) => { set(reordered(elements, index, to)); onSelect(to) }
  const current = elements[selected]
  const form = current && alternative(element, current, catalogue.schemas)
  const layers = (design.body.layers || []).map((one) => one.name)
  const withLayers = form && layers.length ? { ...form, properties: { ...form.properties, layer: { ...form.properties.layer, enum: [...new Set([...layers, current.layer || 'drawing'])], default: 'drawing' } } } : form
  const wrong = (index) => problems.some((one) => `${one.path}/`.startsWith(`elements/${index}/`))
  return html`<details class="group" open><summary>${words.elements}</summary><div class="members">
    <ol class="elements" aria-label=${words.elements}>${elements.map((one, index) => html`<li key=${index} class=${wrong(index) ? 'wrong' : ''}>
      <button type="button" class="element" aria-pressed=${String(index === selected)} onClick=${() => onSelect(index === selected ? null : index)}><span class="swatch" style=${{ background: design.body.layers?.find((layer) => layer.name === one.layer)?.color || 'black' }}></span>${elementName(one)}</button>
      <button type="button" class="icon" disabled=${index === 0} aria-label=${words.toBack(elementName(one))} title=${words.toBack(elementName(one))} onClick=${() => move(index, index - 1)}>↑</button>
      <button type="button" class="icon" disabled=${index === elements.length - 1} aria-label=${words.toFront(elementName(one))} title=${words.toFront(elementName(one))} onClick=${() => move(index, index + 1)}>↓</button>
      <button type="button" class="icon" disabled=${elements.length === 1} aria-label=${words.removeElement(elementName(one))} onClick=${() => { set(withValue(elements, [index], undefined)); onSelect(null) }}>×</button></li>`)}</ol>
    <label class="inline">${words.addElement}<select value="" onChange=${(event) => { add(event.target.value); event.target.value = '' }}><option value="" disabled selected>${words.choose}</option>${types.map((type) => html`<option key=${type} value=${type}>${nameOf(type)}</option>`)}</select></label>
    ${form && html`<fieldset class="selected"><legend>${elementName(current)}</legend>
      <${Members} key=${`${selected}-${current.type}`} schema=${withLayers} value=${current} hidden=${['type']} first=${6} names=${orderOf(current.type, form)} catalogue=${catalogue} problems=${problems} path=${['elements', selected]} onChange=${(changed) => set(withValue(elements, [selected], changed), `element-${selected}`)} /></fieldset>`}
    <${Layers} design=${design} catalogue=${catalogue} />
  </div></details>`
}

// What an element is comes first, where it is last: it is moved on the sheet.
function orderOf(type, schema) {
  const first = ['text', 'font', 'pattern', 'params', 'svg', 'layer', 'size', 'rotate', 'hatch', 'edge', 'opaque', 'halo', 'outline', 'clip']
  const names = Object.keys(schema.properties).filter((name) => name !== 'type')
  const known = first.filter((name) => names.includes(name))
  return [...known, ...names.filter((name) => !known.includes(name) && name !== 'box'), ...(names.includes('box') ? ['box'] : [])]
}
