// One control for each kind of member: numbers with a slider, choices, switches, colours, texts, lists. All derive from the JSON schema.
import { asDataUrl, decoded } from './files.js'
import { html, useEffect, useId, useState } from './ids.js'
import { choiceOf, labelOf, unitOf, words } from './words.js'

const MAX_TILES = 5
const MAX_TILE_CHARS = 26
// A text that may be this long holds a file.
const MIN_IMAGE_CHARS = 100_000
const LOG_RATIO = 60
const STEPS = 1000
const HEX = /^#[0-9a-f]{6}$/i
const isColor = (schema) => schema.type === 'string' && schema.pattern?.startsWith('^(#(')

// Sliders of wide ranges move in equal ratios: from 0.5 to 500 mm, every millimetre at the small end matters.
function scaleOf(schema) {
  const [least, most] = [schema.minimum ?? 0, schema.maximum ?? 100]
  const shift = least <= 0 ? (most > LOG_RATIO && least === 0 ? 1 : null) : 0
  const logarithmic = shift !== null && (most + shift) / (least + shift) > LOG_RATIO
  if (!logarithmic) return { toSlider: (value) => ((value - least) / (most - least)) * STEPS, toValue: (step) => least + (step / STEPS) * (most - least) }
  const [low, high] = [Math.log(least + shift), Math.log(most + shift)]
  return {
    toSlider: (value) => ((Math.log(value + shift) - low) / (high - low)) * STEPS,
    toValue: (step) => Math.exp(low + (step / STEPS) * (high - low)) - shift,
  }
}

// Three figures are enough for a slider; a number can be typed exactly.
function rounded(value, schema) {
  const digits = schema.type === 'integer' ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))))
  const result = Number(value.toFixed(Math.min(digits, 3)))
  return Math.min(schema.maximum ?? Infinity, Math.max(schema.minimum ?? -Infinity, result))
}

function NumberField({ id, schema, value, onChange, described }) {
  const unset = value === null || value === undefined
  const fallback = schema.default ?? null
  const current = unset ? fallback : value
  const [text, setText] = useState(null)
  const scale = scaleOf(schema)
  const limit = (number) => Math.min(schema.maximum ?? Infinity, Math.max(schema.minimum ?? -Infinity, number))
  const typed = (given) => {
    setText(given)
    const number = Number(given.replace(',', '.'))
    if (given.trim() === '' || !Number.isFinite(number)) return
    if (limit(number) === number) onChange(schema.type === 'integer' ? Math.round(number) : number)
  }
  const leave = () => {
    if (text !== null && text.trim() === '') onChange(undefined)
    else if (text !== null && Number.isFinite(Number(text.replace(',', '.')))) onChange(rounded(limit(Number(text.replace(',', '.'))), schema))
    setText(null)
  }
  const out = text !== null && text.trim() !== '' && (!Number.isFinite(Number(text.replace(',', '.'))) || limit(Number(text.replace(',', '.'))) !== Number(text.replace(',', '.')))
  return html`<div class=${`number ${schema.slider === false ? 'plain' : ''}`}>
    ${schema.slider !== false && html`<input type="range" min="0" max=${STEPS} step="1" aria-label=${words.slider} tabindex="0"
      value=${current === null ? STEPS / 2 : scale.toSlider(current)} class=${current === null ? 'unset' : ''}
      aria-valuetext=${current === null ? words.automatic : `${current} ${unitOf(schema['x-unit'])}`}
      onInput=${(event) => onChange(rounded(scale.toValue(Number(event.target.value)), schema))} onKeyDown=${(event) => step(event, schema, current, onChange)} />`}
    <span class=${`entry ${unitOf(schema['x-unit']) ? 'with-unit' : ''}`}><input id=${id} type="text" inputmode="decimal" autocomplete="off" placeholder=${words.automatic} aria-describedby=${described}
      aria-invalid=${out ? 'true' : undefined} value=${text ?? (current === null ? '' : String(current))}
      onInput=${(event) => typed(event.target.value)} onBlur=${leave} onKeyDown=${(event) => event.key === 'Enter' && leave()} />
      <span class="unit" aria-hidden="true">${unitOf(schema['x-unit'])}</span></span>
    ${out && html`<p class="problem">${words.between(schema.minimum, schema.maximum, unitOf(schema['x-unit']))}</p>`}
  </div>`
}

// Arrow keys move by a figure that can be read, not by a thousandth of the slider.
function step(event, schema, current, onChange) {
  const direction = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key]
  if (!direction || current === null) return
  event.preventDefault()
  const size = schema.type === 'integer' ? 1 : 10 ** Math.floor(Math.log10(Math.max(Math.abs(current), 0.1)) - 1)
  onChange(rounded(Math.round((current + direction * size) / size) * size, schema))
}

function ChoiceField({ id, name, schema, value, onChange, described, pictures }) {
  const current = value ?? schema.default ?? ''
  const options = schema.nullable && !schema.enum.includes('') ? [null, ...schema.enum] : schema.enum
  const labels = options.map((one) => choiceOf(name, one))
  if (pictures) {
    return html`<div class="pictures" role="radiogroup" id=${id} aria-describedby=${described}>
      ${options.map((one, index) => html`<label class="picture" key=${one}>
        <input type="radio" name=${id} checked=${one === current} onChange=${() => onChange(one)} />${pictures(one)}<span>${labels[index]}</span></label>`)}
    </div>`
  }
  if (options.length <= MAX_TILES && labels.join('').length <= MAX_TILE_CHARS) {
    return html`<div class="segments" role="radiogroup" id=${id} aria-describedby=${described}>
      ${options.map((one, index) => html`<label key=${one}><input type="radio" name=${id} checked=${one === current || (one === null && value === undefined)} onChange=${() => onChange(one)} /><span>${labels[index]}</span></label>`)}
    </div>`
  }
  return html`<select id=${id} aria-describedby=${described} onChange=${(event) => onChange(options[Number(event.target.value)] ?? undefined)}>
    ${options.map((one, index) => html`<option key=${one} value=${index} selected=${one === current}>${labels[index]}</option>`)}
  </select>`
}

export function ColorField({ id, value, onChange, described, label }) {
  return html`<span class="color">
    <input type="color" aria-label=${label || words.pickColor} value=${HEX.test(value || '') ? value : hexOf(value)} onInput=${(event) => onChange(event.target.value)} />
    <input id=${id} type="text" spellcheck="false" autocomplete="off" aria-describedby=${described} aria-label=${id ? undefined : words.colorName}
      value=${value ?? ''} placeholder=${words.automatic} onChange=${(event) => onChange(event.target.value.trim() || undefined)} />
  </span>`
}

// A colour name as hexadecimal, since a colour input takes nothing else.
function hexOf(name) {
  const context = document.createElement('canvas').getContext('2d')
  context.fillStyle = '#000000'
  context.fillStyle = name || '#000000'
  return HEX.test(context.fillStyle) ? context.fillStyle : '#000000'
}

function TextField({ id, schema, value, onChange, described }) {
  const long = (schema.maxLength ?? 0) > 200
  const properties = { id, maxlength: schema.maxLength, 'aria-describedby': described, placeholder: schema.nullable ? words.automatic : undefined, spellcheck: long, value: value ?? schema.default ?? '', onInput: (event) => onChange(event.target.value || undefined) }
  return long ? html`<textarea rows="2" ...${properties}></textarea>` : html`<input type="text" autocomplete="off" ...${properties} />`
}

// A picture in a recipe: a name, or a file as a data URL.
function ImageField({ id, schema, value, onChange, described }) {
  const [problem, setProblem] = useState('')
  const own = (value || '').startsWith('data:')
  const read = async (file) => {
    try {
      onChange(await asDataUrl(await decoded(file)))
      setProblem('')
    } catch (error) {
      setProblem(error.message)
    }
  }
  return html`<span class="image-field">${own ? html`<img src=${value} alt=${words.ownPicture} />` : html`<input id=${id} type="text" autocomplete="off" aria-describedby=${described} value=${value ?? schema.default ?? ''} onChange=${(event) => onChange(event.target.value || undefined)} />`}
    <label class="file-button">${words.fromFile}<input type="file" class="unseen" accept="image/png,image/jpeg,image/webp,image/gif" onChange=${(event) => event.target.files[0] && read(event.target.files[0])} /></label></span>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}`
}

// Numbers of a list, such as the angles of a hatching.
function NumbersField({ id, value, schema, onChange, described }) {
  const current = value ?? schema.default ?? []
  return html`<input id=${id} type="text" autocomplete="off" aria-describedby=${described} value=${current.join(', ')} placeholder=${words.automatic} onChange=${(event) => {
    const numbers = event.target.value.split(/[\s,;]+/).filter(Boolean).map(Number)
    onChange(numbers.length && numbers.every(Number.isFinite) ? numbers : undefined)
  }} />`
}

function JsonField({ id, value, onChange, described }) {
  const [problem, setProblem] = useState('')
  const [text, setText] = useState(value === undefined || value === null ? '' : JSON.stringify(value))
  useEffect(() => setText(value === undefined || value === null ? '' : JSON.stringify(value)), [JSON.stringify(value)])
  const read = (given) => {
    try {
      onChange(given.trim() ? JSON.parse(given) : undefined)
      setProblem('')
    } catch (error) {
      setProblem(words.notJson(error.message))
    }
  }
  return html`<textarea id=${id} rows="3" class="code" spellcheck="false" placeholder=${words.automatic} aria-describedby=${described} value=${text}
    onInput=${(event) => setText(event.target.value)} onChange=${(event) => read(event.target.value)}></textarea>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}`
}

function BooleanField({ id, schema, value, onChange, described, label }) {
  return html`<label class="switch"><input id=${id} type="checkbox" aria-describedby=${described} checked=${value ?? schema.default ?? false}
    onChange=${(event) => onChange(event.target.checked)} /><span>${label}</span></label>`
}

function controlOf(schema, name) {
  if (schema.enum) return ChoiceField
  if (isColor(schema)) return ColorField
  if (schema.type === 'string' && schema.maxLength > MIN_IMAGE_CHARS && name === 'image') return ImageField
  if (schema.type === 'array' && ['number', 'integer'].includes(schema.items?.type)) return NumbersField
  return { number: NumberField, integer: NumberField, boolean: BooleanField, string: TextField }[schema.type] || JsonField
}

/**
 * A member of a schema: label, control, explanation and the problem that the server found.
 * @param {{name: string, schema: object, value: unknown, onChange: (value: unknown) => void, problem?: string, pictures?: Function}} properties
 */
export function Field({ name, schema, value, onChange, problem, pictures, label = labelOf(name) }) {
  const id = useId()
  const [open, setOpen] = useState(false)
  const Control = controlOf(schema, name)
  const changed = value !== undefined && value !== null && JSON.stringify(value) !== JSON.stringify(schema.default)
  const described = [schema.description && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ') || undefined
  return html`<div class=${`field of-${schema.type} ${problem ? 'wrong' : ''}`}>
    <div class="heading">
      ${Control === BooleanField ? html`<${BooleanField} ...${{ id, schema, value, onChange, described, label }} />` : html`<label for=${id}>${label}</label>`}
      ${changed && Object.hasOwn(schema, 'default') && html`<button type="button" class="icon reset" title=${words.resetTo(schema.default)} aria-label=${words.reset(label)} onClick=${() => onChange(undefined)}>↺</button>`}
      ${schema.description && html`<button type="button" class="icon help" aria-label=${words.explain(label)} aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>?</button>`}
    </div>
    ${Control !== BooleanField && html`<${Control} ...${{ id, name, schema, value, onChange, described, pictures, label }} />`}
    ${schema.description && html`<p class=${open ? 'hint' : 'unseen'} id=${`${id}-hint`}>${schema.description}</p>`}
    ${problem && html`<p class="problem" id=${`${id}-problem`}>${problem}</p>`}
  </div>`
}
