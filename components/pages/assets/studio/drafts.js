// Designs that are kept in this browser until they are deleted. Each tab has its own design, so that two tabs never overwrite each other.
import { words } from './words.js'

const PREFIX = 'studio-design-'
const MAX_DRAFTS = 40
const CLAIM_MS = 80

/** @typedef {{id: string, kind: string, name: string, touched: boolean, body: object, changedAt: number, plan: object, seeds: number[], variants: object[], result: object|null}} Draft */

export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (one) => one.toString(16).padStart(2, '0')).join('')

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)

// Another version of the studio may have stored it: members that do not fit are left out. The body is repaired when it is opened.
function readable(id, { kind, name, touched, body, changedAt, plan, seeds, variants, result }) {
  return {
    id,
    kind,
    name: typeof name === 'string' ? name : '',
    touched: Boolean(touched),
    body,
    changedAt: Number.isFinite(changedAt) ? changedAt : 0,
    plan: isObject(plan) && isObject(plan.options) && Object.hasOwn(words.efforts, plan.effort) ? plan : {},
    seeds: Array.isArray(seeds) ? seeds.filter(Number.isInteger) : [],
    variants: Array.isArray(variants) ? variants.filter((one) => isObject(one?.body)) : [],
    result: typeof result?.job === 'string' ? result : null,
  }
}

/** Returns a draft, or null if there is none or it cannot be read. */
export function loadDraft(id) {
  try {
    const stored = JSON.parse(localStorage.getItem(PREFIX + id))
    return isObject(stored) && isObject(stored.body) ? readable(id, stored) : null
  } catch {
    return null
  }
}

/** Returns all drafts, the latest first. */
export function listDrafts() {
  let keys = []
  try {
    keys = Object.keys(localStorage)
  } catch {
    // The browser forbids storage.
  }
  return keys.filter((key) => key.startsWith(PREFIX)).map((key) => loadDraft(key.slice(PREFIX.length))).filter(Boolean)
    .sort((one, other) => other.changedAt - one.changedAt)
}

/** Stores a draft; returns false if the browser has no room or forbids it. Designs that were only looked at make room, then the oldest. */
export function saveDraft(draft) {
  const old = listDrafts().filter((one) => one.id !== draft.id).sort((one, other) => Number(other.touched) - Number(one.touched))
  for (const one of old.slice(MAX_DRAFTS - 1)) removeDraft(one.id)
  try {
    localStorage.setItem(PREFIX + draft.id, JSON.stringify(draft))
    return true
  } catch {
    return false
  }
}

export function removeDraft(id) {
  try {
    localStorage.removeItem(PREFIX + id)
  } catch {
    // Nothing is stored then.
  }
}

// Tabs answer for the design that they have open.
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('studio-designs') : null
const tab = newId()
let open = null
const waiting = new Map()
channel?.addEventListener('message', ({ data }) => {
  if (data.ask && data.ask === open && data.tab !== tab) channel.postMessage({ taken: data.ask, by: data.tab })
  if (data.taken && data.by === tab) waiting.get(data.taken)?.(true)
})

/**
 * Opens a design in this tab; returns true if another tab has it open already, which then keeps it.
 * @param {string} id
 * @returns {Promise<boolean>}
 */
export async function isOpenElsewhere(id) {
  if (!channel) return false
  const taken = await new Promise((done) => {
    waiting.set(id, done)
    channel.postMessage({ ask: id, tab })
    setTimeout(() => done(false), CLAIM_MS)
  })
  waiting.delete(id)
  return taken
}

/** States which design this tab has open. */
export function holdDraft(id) {
  open = id
}
