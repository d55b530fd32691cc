// Checks of values against the schemas of the API. What comes from a link, the clipboard or an older version is repaired, and every repair
// is reported. The server checks again.
import { alternative, resolved, withPattern } from './catalogue.js'
import { labelOf, words } from './words.js'

const MAX_DEPTH = 12
// A pattern with nested quantifiers can take for ever; on short texts it cannot.
const MAX_PATTERN_CHARS = 2000

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)
const shown = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

class Repair {
  constructor(catalogue) {
    this.catalogue = catalogue
    this.notes = []
  }

  note(path, text) {
    this.notes.push({ path: path.join('/'), text: `${path.map(labelOf).join(' › ') || words.recipe}: ${text}` })
    return undefined
  }

  // Returns the value, repaired; undefined if it cannot be used.
  value(schema, value, path) {
    const one = resolved(schema, this.catalogue.schemas)
    if (path.length > MAX_DEPTH) return this.note(path, words.tooDeep)
    if (value === null) return one.nullable ? null : this.note(path, words.dropped)
    if (one.oneOf) {
      const chosen = alternative(one, value, this.catalogue.schemas)
      return chosen ? this.value(chosen, value, path) : this.note(path, words.unknownKind(shown(value?.type)))
    }
    if (one.anyOf || Array.isArray(one.type) || !one.type) return ['object', 'undefined'].includes(typeof value) ? this.note(path, words.dropped) : value
    if (one.enum) return one.enum.includes(value) ? value : this.note(path, words.notAChoice(shown(value)))
    return this[one.type]?.(one, value, path) ?? undefined
  }

  number(schema, value, path) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.note(path, words.notANumber(shown(value)))
    const least = schema.minimum ?? -Infinity
    const most = schema.maximum ?? Infinity
    const limited = Math.min(most, Math.max(least, value))
    if (limited !== value) this.note(path, words.limited(value, limited))
    return limited
  }

  integer(schema, value, path) {
    const number = this.number(schema, value, path)
    return number === undefined ? number : Math.round(number)
  }

  boolean(schema, value, path) {
    return typeof value === 'boolean' ? value : this.note(path, words.dropped)
  }

  string(schema, value, path) {
    if (typeof value !== 'string') return this.note(path, words.dropped)
    if (value.length > (schema.maxLength ?? Infinity)) return this.note(path, words.tooLong)
    if (value.length < (schema.minLength ?? 0)) return this.note(path, words.empty)
    if (schema.pattern && value.length <= MAX_PATTERN_CHARS && !new RegExp(schema.pattern, 'u').test(value)) return this.note(path, words.notAllowed(shown(value)))
    return value
  }

  array(schema, value, path) {
    if (!Array.isArray(value)) return this.note(path, words.dropped)
    const most = schema.maxItems ?? 1000
    if (value.length > most) this.note(path, words.tooMany(most))
    const items = value.slice(0, most).map((one, index) => this.value(schema.items || {}, one, [...path, String(index)])).filter((one) => one !== undefined)
    return items.length < (schema.minItems ?? 0) ? this.note(path, words.tooFew) : items
  }

  object(schema, value, path) {
    if (!isObject(value)) return this.note(path, words.dropped)
    const one = withPattern(schema, value, this.catalogue)
    const result = {}
    const open = isObject(one.additionalProperties) && one.additionalProperties
    for (const [name, member] of Object.entries(value)) {
      const inner = Object.hasOwn(one.properties || {}, name) ? one.properties[name] : open
      if (!inner || (!path.length && this.catalogue.jobOptions.has(name)) || name === '__proto__') {
        this.note([...path, name], words.unknownMember)
        continue
      }
      const kept = this.value(inner, member, [...path, name])
      if (kept !== undefined) result[name] = kept
    }
    const missing = (one.required || []).filter((name) => !Object.hasOwn(result, name))
    return missing.length ? this.note(path, words.missing(missing.map(labelOf).join(', '))) : result
  }
}

/**
 * Returns a value that the schema allows, as near to the given one as possible, and what had to change.
 * @param {object} schema
 * @param {unknown} value
 * @param {import('./catalogue.js').Catalogue} catalogue
 * @returns {{value: unknown, notes: {path: string, text: string}[]}} `value` is undefined if nothing of it can be used
 */
export function repaired(schema, value, catalogue) {
  const repair = new Repair(catalogue)
  const result = repair.value(schema, value, [])
  return { value: result, notes: repair.notes }
}
