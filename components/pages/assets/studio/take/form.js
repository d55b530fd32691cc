// A form for the parameters of a format, made from their JSON Schema.
import { html } from '/assets/vendor/preact.js'
import { labelOf, words } from './words.js'

const plain = (text) => (text || '').replaceAll('`', '')

function unwrapped(schema) {
  const options = (schema.anyOf || []).filter((one) => one.type !== 'null')
  const found = options.length === 1 ? { ...schema, ...options[0] } : schema
  return { ...found, type: Array.isArray(found.type) ? found.type.find((one) => one !== 'null') : found.type, enum: found.enum?.filter((one) => one !== null) }
}

/**
 * @param {{schema: object, values: object, onChange: (values: object) => void, titles?: object}} props `values` has only what was chosen;
 *   `titles` are texts of choices
 */
export function ParameterForm({ schema, values, onChange, titles = {} }) {
  const set = (name, value) => {
    const { [name]: _, ...others } = values
    onChange(value === '' || value === undefined ? others : { ...others, [name]: value })
  }
  return html`<div class="take-form">${Object.entries(schema.properties || {}).map(([name, given]) => html`
    <${Field} key=${name} ...${{ name, titles }} schema=${unwrapped(given)} value=${values[name]} onChange=${(value) => set(name, value)} />`)}</div>`
}

function Field({ name, schema, value, onChange, titles }) {
  const description = plain(schema.description)
  const label = labelOf(name)
  if (schema.type === 'boolean') {
    const checked = value === undefined ? Boolean(schema.default) : value === 'true'
    return html`<label class="take-check"><input type="checkbox" checked=${checked} onChange=${(event) => onChange(String(event.target.checked))} />
      <span>${label}<small>${description}</small></span></label>`
  }
  if (schema.enum) {
    return html`<label>${label}<select value=${value ?? schema.default ?? ''} onChange=${(event) => onChange(event.target.value)}>
      ${schema.default === undefined || schema.default === null ? html`<option value="">${words.byDefault}</option>` : null}
      ${schema.enum.map((one) => html`<option key=${one} value=${one} selected=${one === (value ?? schema.default)}>${titles[one] || String(one)}</option>`)}</select>
      <small>${description}</small></label>`
  }
  const isNumber = schema.type === 'integer' || schema.type === 'number'
  return html`<label>${label}${schema['x-unit'] ? ` (${schema['x-unit']})` : ''}
    <input type=${isNumber ? 'number' : 'text'} min=${schema.minimum} max=${schema.maximum} step=${schema.type === 'integer' ? 1 : 'any'}
      maxlength=${schema.maxLength} value=${value ?? ''} placeholder=${schema.default ?? ''} onChange=${(event) => onChange(event.target.value.trim())} />
    <small>${description}</small></label>`
}
