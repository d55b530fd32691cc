// From a design to a file for a machine: draws it, optimises it as planned, and fetches an export.
import { saveAs } from './files.js'
import { cancel, finish, follow, jobOf, queue } from './jobs.js'
import { kindById } from './kinds/kinds.js'
import { fetchDrawing } from './plot/source.js'
import { drawInTurn } from './turns.js'
import { sentence, words } from './words.js'

/** The formats that are offered at once; the others are in the panel of all exports. */
export const QUICK_FORMATS = ['svg', 'hpgl', 'gcode', 'pdf']
const NAMES = { svg: 'SVG', hpgl: 'HP-GL', gcode: 'G-code', pdf: 'PDF' }
export const formatName = (format) => NAMES[format] || format

// What went wrong, as a sentence.
const problemOf = (error) => (error.job?.error_code === 'empty-drawing' ? words.nothingToDraw : sentence(error.message))

/** Whether the plan needs more than the optimising that every drawing gets. */
const isMore = ({ effort, options }) => effort !== 'quick' || Object.keys(options).length > 0

export class Maker extends EventTarget {
  /**
   * @param {import('./design.js').Design} design
   * @param {import('./catalogue.js').Catalogue} catalogue
   */
  constructor(design, catalogue) {
    super()
    this.design = design
    this.catalogue = catalogue
    this.state = { busy: false, step: '', progress: null, message: '', problem: '', canFinish: false, needsKey: false }
    this.controller = null
    this.running = null
  }

  #show(changes) {
    this.state = { ...this.state, ...changes }
    this.dispatchEvent(new Event('change'))
  }

  /** Returns the id of a job with the finished plot; makes it unless the last one is of this recipe and plan. Null if it failed. */
  async make() {
    const { design } = this
    if (design.result && !design.isOutdated) {
      const known = await jobOf(design.result.job).catch(() => null)
      if (known?.status === 'finished') return design.result.job
    }
    this.controller?.abort()
    this.controller = new AbortController()
    const { signal } = this.controller
    const made = design.fingerprint()
    const { kind, body, plan } = design
    this.#show({ busy: true, problem: '', message: '', needsKey: false, step: words.drawing, progress: null, canFinish: false })
    try {
      let job = await this.#run(kindById(kind).operation, body, signal, kind === 'plot')
      if (kind !== 'plot' && isMore(plan)) {
        this.#show({ step: words.optimising, progress: null })
        job = await this.#run('create_plot', { source: job, ...plan.options, effort: plan.effort }, signal, true)
      }
      design.setResult({ job, made })
      this.#show({ busy: false, progress: null })
      return job
    } catch (error) {
      if (signal.aborted) this.#show({ busy: false, problem: '', progress: null })
      else if (error.status === 401) this.#show({ busy: false, problem: words.keyNeeded, needsKey: true })
      else this.#show({ busy: false, problem: problemOf(error) })
      return null
    }
  }

  async #run(operation, request, signal, canFinish) {
    const onTrouble = (error) => this.#show({ message: error.offline ? words.offline : words.busy })
    const { path } = this.catalogue.operations.get(operation)
    const { job_id: id } = await queue(path, request, { signal, onTrouble })
    this.running = id
    this.#show({ canFinish })
    try {
      await follow(id, { signal, onTrouble, onProgress: (job) => this.#show({ message: '', progress: { ...job.progress, position: job.status === 'queued' ? job.position : null } }) })
    } catch (error) {
      if (signal.aborted) cancel(id)
      throw error
    }
    return id
  }

  stop() { this.controller?.abort() }

  async finishNow() {
    this.#show({ canFinish: false })
    await finish(this.running).catch(() => {})
  }

  /** Makes the plot if necessary and saves it in a format. Returns whether that succeeded. */
  async download(format) {
    const job = await this.make()
    if (!job) return false
    this.#show({ busy: true, step: words.writing(formatName(format)), problem: '' })
    try {
      const machine = this.catalogue.plotters.get(this.design.plan.machine)
      const parameters = { format, ...(machine?.formats.includes(format) ? { profile: machine.name } : {}) }
      const blob = await drawInTurn(async () => (await fetchDrawing({ job }, parameters)).blob(), { urgent: true })
      saveAs(blob, fileName(this.design, this.catalogue.formats.get(format).suffix))
      this.#show({ busy: false, message: words.saved(formatName(format)) })
      return true
    } catch (error) {
      const hint = (error.problem?.errors || []).map((one) => one.hint).filter(Boolean).join(' ')
      this.#show({ busy: false, problem: [error.message, hint].filter(Boolean).join(' ') })
      return false
    }
  }
}

/** Returns a name for a file of a design, such as `flow-field-1234.svg`. */
export function fileName({ kind, name, body }, suffix) {
  const title = (name || kindById(kind).title(body)).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'drawing'
  return `${title}${Number.isInteger(body.seed) ? `-${body.seed}` : ''}${suffix}`
}
