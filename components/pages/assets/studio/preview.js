// The live preview of a recipe. Quick drawings come from their address, first as drawn and then, while idle, optimised and with figures;
// others from a job that is canceled when the recipe changes. A small sheet stands in for a drawing that takes long.
import { callApi } from '/assets/access.js'
import { cancel, follow, pause, queue, remove } from './jobs.js'
import { kindById, schemaOf } from './kinds/kinds.js'
import { pageSize } from './kinds/page.js'
import { knownPicture } from './pictures.js'
import { drawInTurn } from './turns.js'
import { sentence, words } from './words.js'

const TYPING_MS = 50
const JOB_TYPING_MS = 350
const IDLE_MS = 400
// A pattern that takes longer is drawn small while a slider moves.
const SLOW_S = 0.4
const QUICK_JOB_MS = 800
const KEEP_MS = 2000
const REQUEST_LIMIT_MS = 20_000
const RETRY_MS = 2500
const SMALL_MM = 74
// Previews expire soon, so that they do not fill the gallery and the list of jobs.
const PREVIEW_JOB = { result_ttl: 600, tags: ['studio-preview'] }

/**
 * @typedef {{phase: 'idle'|'loading'|'drawing'|'ready'|'error'|'waiting', url: string, svg: string, figures: object|null, small: boolean,
 *   progress: object|null, message: string, problems: {path: string, text: string}[], needsKey: boolean, artifact: object|null}} Shown
 */
const NOTHING = { phase: 'idle', url: '', svg: '', figures: null, small: false, progress: null, message: '', problems: [], needsKey: false, artifact: null }

/** Returns lifts, travel, ink and seconds of a drawing from its metadata, or null. */
export function figuresOf(svg) {
  const found = /<metadata>([^<]*)<\/metadata>/.exec(svg.slice(0, 200_000))
  if (!found) return null
  try {
    const text = found[1].replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
    const { certificate } = JSON.parse(text)
    if (!certificate) return null
    const seconds = Object.fromEntries(Object.entries(certificate.seconds).map(([name, one]) => [name, one.after]))
    return { lifts: certificate.lifts.after, travel: certificate.pen_up_mm.after, ink: certificate.ink_mm.after, seconds, certificate }
  } catch {
    return null
  }
}

export class Preview extends EventTarget {
  /** @param {import('./catalogue.js').Catalogue} catalogue */
  constructor(catalogue) {
    super()
    this.catalogue = catalogue
    /** @type {Shown} */
    this.shown = NOTHING
    this.controller = new AbortController()
    // Patterns that the server draws in jobs only, and how long the others take.
    this.slow = new Set()
    this.seconds = new Map()
    // The job whose drawing is shown.
    this.job = ''
    // The pictures that this preview has made, and has to give back.
    this.made = new Set()
  }

  /** Shows a recipe, and gives up the one before. */
  request(kindId, body) {
    this.controller.abort()
    this.controller = new AbortController()
    this.last = [kindId, body]
    // The picture of the pattern's card, until there is a drawing.
    const card = !this.shown.url && kindById(kindId).instant && knownPicture(`/patterns/${body.pattern}/preview.png?width=320`)
    if (card) this.#show({ url: card, small: true })
    this.#run(kindById(kindId), body, this.controller.signal)
  }

  repeat() { if (this.last) this.request(...this.last) }

  close() {
    this.discard()
    this.controller.abort()
    for (const url of this.made) this.#forget(url)
  }

  // A preview that is not shown any more disappears from the gallery and the list of jobs.
  discard() {
    if (this.job) remove(this.job)
    this.job = ''
  }

  #urlOf(svg) {
    const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
    this.made.add(url)
    return url
  }

  #forget(url) {
    this.made.delete(url)
    URL.revokeObjectURL(url)
  }

  #show(changes) {
    const before = this.shown.url
    this.shown = { ...this.shown, ...changes }
    if (this.made.has(before) && before !== this.shown.url) setTimeout(() => this.#forget(before), KEEP_MS)
    this.dispatchEvent(new Event('change'))
  }

  async #run(kind, body, signal) {
    const missing = kind.missing?.(body)
    if (missing) return this.#show({ ...NOTHING, phase: 'waiting', message: missing })
    this.#show({ phase: 'loading', progress: null, needsKey: false })
    for (;;) {
      try {
        if (kind.instant && !this.slow.has(body.pattern)) await this.#instantly(kind, body, signal)
        else await this.#byJob(kind, body, signal)
        return
      } catch (error) {
        if (signal.aborted) return
        if (error.problem?.type?.endsWith('/too-complex') && kind.instant && !this.slow.has(body.pattern)) {
          this.slow.add(body.pattern)
          continue
        }
        const passing = error.offline || [429, 503].includes(error.status)
        if (!passing) return this.#fail(kind, body, error)
        this.#show({ phase: 'waiting', message: error.offline ? words.offline : words.busy })
        await pause(Math.max(error.offline ? RETRY_MS : 300, error.retryAfter * 1000), signal).catch(() => {})
        if (signal.aborted) return
      }
    }
  }

  #fail(kind, body, error) {
    if (error.status === 401) return this.#show({ phase: 'error', needsKey: true, message: words.keyNeeded, problems: [] })
    const problems = (error.problem?.errors || []).map((one) => ({ path: pathOf(one, kind, body, this.catalogue), text: [one.detail, one.hint].filter(Boolean).join(' ') }))
    this.#show({ phase: 'error', message: error.job?.error_code === 'empty-drawing' ? words.nothingToDraw : sentence(error.message), problems })
  }

  // A drawing that is on its way is shown even if the recipe has changed since: a slider that is dragged shows every step that the server
  // has time for. A pattern that takes longer is drawn small first.
  async #instantly(kind, body, signal) {
    await pause(TYPING_MS, signal)
    if ((this.seconds.get(body.pattern) ?? 0) > SLOW_S) {
      await this.#standIn(kind, body, signal)
      await pause(IDLE_MS, signal)
    }
    await this.#draw(kind, body, { optimize: false, encoding: 'compact' }, signal)
    await pause(IDLE_MS, signal)
    if (body.optimize !== false) await this.#draw(kind, body, {}, signal)
  }

  async #draw(kind, body, changes, signal) {
    const svg = await this.#fetch(kind.instant(body, changes), signal, (seconds) => changes.optimize === false && this.seconds.set(body.pattern, seconds))
    this.#picture(svg, signal.aborted ? { phase: 'loading' } : {})
    signal.throwIfAborted()
  }

  // A drawing that the server has begun is not aborted: the server would finish it all the same, and refuse the next one meanwhile.
  #fetch(path, signal, onTime = () => {}) {
    return drawInTurn(async () => {
      signal.throwIfAborted()
      const begun = performance.now()
      const svg = await (await callApi(path, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) })).text()
      onTime((performance.now() - begun) / 1000)
      return svg
    }, { urgent: true })
  }

  #picture(svg, changes = {}) {
    const url = this.#urlOf(svg)
    const figures = figuresOf(svg)
    this.#show({ phase: 'ready', url, svg, figures, small: false, progress: null, message: '', problems: [], artifact: null, ...changes })
  }

  async #byJob(kind, body, signal) {
    await pause(JOB_TYPING_MS, signal)
    if (kind.instant) this.#standIn(kind, body, signal)
    const { path } = this.catalogue.operations.get(kind.operation)
    const { job_id: id } = await queue(path, { ...(kind.previewed?.(body) || body), ...PREVIEW_JOB }, { signal, onTrouble: (error) => this.#trouble(error) })
    try {
      this.#show({ phase: 'drawing', progress: { percent: 0 }, message: '' })
      const job = await follow(id, {
        signal,
        onProgress: (one) => this.#show({ phase: 'drawing', progress: { percent: 0, ...one.progress, position: one.status === 'queued' ? one.position : null } }),
        onTrouble: (error) => this.#trouble(error),
      })
      // Small enough now to be drawn during the request.
      if (new Date(job.ended_at) - new Date(job.started_at) < QUICK_JOB_MS) this.slow.delete(body.pattern)
      const artifact = job.artifacts.find((one) => one.media_type === 'image/svg+xml')
      const svg = await (await callApi(artifact?.url || job.links.result, { signal, headers: { Accept: 'image/svg+xml' } })).text()
      this.discard()
      this.job = id
      this.#picture(svg, { artifact: artifact || null })
    } catch (error) {
      if (signal.aborted) cancel(id)
      throw error
    }
  }

  #trouble(error) {
    this.#show({ phase: 'waiting', message: error.offline ? words.offline : words.busy })
  }

  // The same design on a small sheet, until the job has drawn the real one.
  async #standIn(kind, body, signal) {
    const [width, height] = pageSize(body, this.catalogue)
    const scale = SMALL_MM / Math.min(width, height)
    if (scale >= 1) return
    const page = { paper: null, orientation: null, width: width * scale, height: height * scale, margin: body.margin === undefined ? undefined : body.margin * scale, optimize: false, encoding: 'compact' }
    try {
      const svg = await this.#fetch(kind.instant({ ...body, ...page }), signal)
      if (!signal.aborted && this.shown.phase !== 'ready') this.#show({ url: this.#urlOf(svg), small: true, figures: null })
    } catch {
      // Also too complex in small; the picture before stays.
    }
  }
}

// The path of a field in the recipe that a problem is about. A query names a parameter of the pattern like a member of the page.
function pathOf({ pointer, parameter, field }, kind, body, catalogue) {
  if (pointer) return pointer.replace(/^#?\//, '')
  const name = String(parameter || field || '').replace(/^params\./, 'params/').replaceAll('.', '/')
  const { params } = schemaOf(kind, body, catalogue).properties
  return Object.hasOwn(params?.properties || {}, name) ? `params/${name}` : name
}
