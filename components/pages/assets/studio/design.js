// The design that is open: its recipe with undo and redo, how it is plotted, and what was made of it.
import { newId, saveDraft } from './drafts.js'

const MAX_STEPS = 200
const MERGE_MS = 700
const SAVE_MS = 250
const MAX_SEEDS = 12
// How a design is plotted, until the assistant is asked.
const PLAN = { effort: 'quick', machine: 'axidraw', options: {} }

/** Returns the JSON of a value with its members in one order, to compare recipes. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.keys(value).filter((name) => value[name] !== undefined).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

/** Returns a copy of an object with the value at a path, such as `['params', 'pitch']`; undefined removes it. */
export function withValue(object, [name, ...rest], value) {
  const copy = Array.isArray(object) ? [...object] : { ...object }
  if (rest.length) copy[name] = withValue(copy[name] ?? {}, rest, value)
  else if (value === undefined && Array.isArray(copy)) copy.splice(name, 1)
  else if (value === undefined) delete copy[name]
  else copy[name] = value
  return copy
}

export class Design extends EventTarget {
  /** @param {Partial<import('./drafts.js').Draft>} draft */
  constructor(draft) {
    super()
    this.id = draft.id || newId()
    this.kind = draft.kind
    this.body = draft.body
    this.plan = { ...PLAN, ...draft.plan }
    this.name = draft.name || ''
    // A design that only was looked at is not listed.
    this.touched = draft.touched || false
    this.seeds = draft.seeds || []
    this.variants = draft.variants || []
    this.result = draft.result || null
    this.past = []
    this.future = []
    this.kept = true
    this.saving = 0
    this.lastChange = { key: '', at: 0 }
  }

  get canUndo() { return this.past.length > 0 }

  get canRedo() { return this.future.length > 0 }

  /** Whether the last plot is one of another recipe or with another plan. */
  get isOutdated() { return Boolean(this.result) && this.result.made !== this.fingerprint() }

  fingerprint() { return canonical([this.body, this.plan.effort, this.plan.options]) }

  /**
   * Replaces the recipe. Changes with the same `key` that follow each other quickly are undone together.
   * @param {object} body
   * @param {{key?: string, kind?: string}} options
   */
  change(body, { key = '', kind = this.kind } = {}) {
    if (kind === this.kind && canonical(body) === canonical(this.body)) return
    const merges = key && key === this.lastChange.key && Date.now() - this.lastChange.at < MERGE_MS
    if (!merges) this.past = [...this.past, { kind: this.kind, body: this.body }].slice(-MAX_STEPS)
    this.future = []
    this.lastChange = { key, at: Date.now() }
    this.#noteSeed(this.body.seed)
    this.kind = kind
    this.body = body
    this.touched = true
    this.changed()
  }

  set(path, value) { this.change(withValue(this.body, path, value), { key: path.join('/') }) }

  setPlan(changes) {
    this.plan = { ...this.plan, ...changes }
    this.changed()
  }

  setName(name) {
    this.name = name.trim()
    this.touched = true
    this.changed()
  }

  setResult(result) {
    this.result = result
    this.touched = true
    this.changed()
  }

  undo() { this.#step('past', 'future') }

  redo() { this.#step('future', 'past') }

  #step(from, to) {
    const one = this[from].at(-1)
    if (!one) return
    this[from] = this[from].slice(0, -1)
    this[to] = [...this[to], { kind: this.kind, body: this.body }]
    this.kind = one.kind
    this.body = one.body
    this.lastChange = { key: '', at: 0 }
    this.changed()
  }

  #noteSeed(seed) {
    if (Number.isInteger(seed)) this.seeds = [seed, ...this.seeds.filter((one) => one !== seed)].slice(0, MAX_SEEDS)
  }

  addVariant() {
    this.variants = [{ kind: this.kind, body: this.body, plan: this.plan }]
    this.changed()
  }

  /** Exchanges the recipe and the variant. */
  swapVariant() {
    const [variant] = this.variants
    this.variants = [{ kind: this.kind, body: this.body, plan: this.plan }]
    this.change(variant.body, { kind: variant.kind })
  }

  removeVariant() {
    this.variants = []
    this.changed()
  }

  changed() {
    clearTimeout(this.saving)
    this.saving = setTimeout(() => this.save(), SAVE_MS)
    this.dispatchEvent(new Event('change'))
  }

  /** Stores the design in this browser. */
  save() {
    clearTimeout(this.saving)
    const { id, kind, name, touched, body, plan, seeds, variants, result } = this
    const kept = saveDraft({ id, kind, name, touched, body, plan, seeds, variants, result, changedAt: Date.now() })
    if (kept === this.kept) return
    this.kept = kept
    this.dispatchEvent(new Event('change'))
  }
}
