// Forms made from the schemas of the API: a group of fields, nested objects, and lists of objects.
import { alternative, resolved, withPattern } from './catalogue.js'
import { withValue } from './design.js'
import { Field } from './fields.js'
import { html, useState } from './ids.js'
import { labelOf, words } from './words.js'

const MAX_FIRST = 7
// Members that matter to few designs come after the others.
const LAST = ['tolerance', 'encoding', 'optimize', 'layer_codes', 'max_pen_width']

/** Returns the first value for a schema, for a new entry of a list. */
function firstValue(schema) {
  if (schema.default !== undefined && schema.default !== null) return schema.default
  if (schema.enum) return schema.enum[0]
  if (schema.type === 'object') return Object.fromEntries((schema.required || []).map((name) => [name, firstValue(schema.properties[name])]))
  return { string: schema.example || words.newEntry, number: schema.minimum ?? 0, integer: schema.minimum ?? 0, boolean: false, array: [] }[schema.type]
}

function Entries({ name, schema, value, onChange, catalogue, problems, path }) {
  const items = value || []
  const inner = resolved(schema.items, catalogue.schemas)
  const move = (index, by) => {
    const copy = [...items]
    copy.splice(index + by, 0, ...copy.splice(index, 1))
    onChange(copy)
  }
  return html`<fieldset class="entries"><legend>${labelOf(name)}</legend>
    ${items.map((one, index) => html`<div class="entry-of-list" key=${index}>
      <div class="row">
        <strong>${one?.name || one?.layer || one?.type || `${labelOf(name)} ${index + 1}`}</strong>
        <button type="button" class="icon" disabled=${index === 0} aria-label=${words.moveUp(index + 1)} onClick=${() => move(index, -1)}>↑</button>
        <button type="button" class="icon" disabled=${index === items.length - 1} aria-label=${words.moveDown(index + 1)} onClick=${() => move(index, 1)}>↓</button>
        <button type="button" class="icon" aria-label=${words.removeEntry(index + 1)} onClick=${() => onChange(withValue(items, [index], undefined))}>×</button>
      </div>
      <${Members} schema=${inner.oneOf ? alternative(inner, one, catalogue.schemas) : inner} value=${one} onChange=${(changed) => onChange(withValue(items, [index], changed))} catalogue=${catalogue} problems=${problems} path=${[...path, index]} />
    </div>`)}
    ${schema.description && !items.length && html`<p class="hint">${schema.description}</p>`}
    <button type="button" class="quiet small" disabled=${items.length >= (schema.maxItems ?? 100)} onClick=${() => onChange([...items, firstValue(inner)])}>${words.addEntry(labelOf(name))}</button>
  </fieldset>`
}

function Nested({ name, schema, value, onChange, catalogue, problems, path }) {
  const set = value !== null && value !== undefined
  return html`<fieldset class="nested"><legend>
      <label class="switch"><input type="checkbox" checked=${set} onChange=${(event) => onChange(event.target.checked ? firstValue(schema) : undefined)} /><span>${labelOf(name)}</span></label></legend>
    ${set && html`<${Members} schema=${schema} value=${value} onChange=${onChange} catalogue=${catalogue} problems=${problems} path=${path} />`}
  </fieldset>`
}

/** One member, whatever it is. */
export function Member({ name, schema: given, value, onChange, catalogue, problems = [], path = [], pictures }) {
  const schema = resolved(given, catalogue.schemas)
  const items = schema.type === 'array' && resolved(schema.items || {}, catalogue.schemas)
  const shared = { name, schema, value, onChange, catalogue, problems, path }
  if (items && (items.type === 'object' || items.oneOf)) return html`<${Entries} ...${shared} />`
  if (schema.type === 'object' && schema.properties && !schema.nullable && schema.default !== null) return html`<${Members} ...${shared} />`
  if (schema.type === 'object' && schema.properties) return html`<${Nested} ...${shared} />`
  const problem = problems.find((one) => one.path === path.join('/'))?.text
  return html`<${Field} ...${{ name, schema, value, onChange, problem, pictures }} />`
}

/**
 * The members of an object; those after the first few are one click away.
 * @param {{schema: object, value: object, onChange: (value: object, path: string[]) => void, names?: string[], hidden?: string[],
 *   first?: number, catalogue: import('./catalogue.js').Catalogue, problems?: {path: string, text: string}[], path?: (string|number)[],
 *   picturesOf?: Function}} properties
 */
export function Members({ schema: given, value, onChange, names, hidden = [], first = MAX_FIRST, catalogue, problems = [], path = [], picturesOf }) {
  const [open, setOpen] = useState(false)
  const schema = withPattern(given, value, catalogue)
  const all = (names || Object.keys(schema.properties || {})).filter((name) => schema.properties[name] && !hidden.includes(name))
  const ordered = names ? all : [...all.filter((name) => !LAST.includes(name)), ...all.filter((name) => LAST.includes(name))]
  const wrong = (name) => problems.some((one) => `${one.path}/`.startsWith(`${[...path, name].join('/')}/`))
  const limit = ordered.length <= first + 2 ? ordered.length : first
  const shown = ordered.filter((name, index) => open || index < limit || wrong(name))
  return html`${shown.map((name) => html`<${Member} key=${name} name=${name} schema=${schema.properties[name]} value=${value?.[name]}
      onChange=${(changed) => onChange(withValue(value || {}, [name], changed))} catalogue=${catalogue} problems=${problems} path=${[...path, name]}
      pictures=${picturesOf?.(name, schema.properties[name])} />`)}
    ${limit < ordered.length && html`<button type="button" class="link more" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${open ? words.fewer : words.allSettings(ordered.length - shown.length)}</button>`}`
}
