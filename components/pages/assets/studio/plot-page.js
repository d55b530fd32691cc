// The finished plot: played back stroke by stroke, with its figures, what was changed, and every export.
import { html, useEffect, useMemo, useState } from './ids.js'
import { jobOf } from './jobs.js'
import { kindById } from './kinds/kinds.js'
import { Work } from './plan-panel.js'
import { drawInTurn } from './turns.js'
import { words } from './words.js'

// The parts for plots are loaded when the first plot is shown.
const parts = () => Promise.all(['./plot/view.js', './plot/incoming.js', './take/panel.js'].map((path) => import(path)))
let loadedParts = null

export function PlotPage({ design, catalogue, maker, onDesign }) {
  const [modules, setModules] = useState(loadedParts)
  const [plot, setPlot] = useState(null)
  const [problem, setProblem] = useState(null)
  const [attempt, setAttempt] = useState(0)
  const job = design.result?.job
  useEffect(() => {
    if (!loadedParts) parts().then((found) => { loadedParts = found; setModules(found) }, () => setProblem({ text: words.offline }))
  }, [attempt])
  // A file that was dropped is read and plotted without being asked for.
  useEffect(() => { if (!job && !maker.state.busy && !maker.state.problem) maker.make() }, [job])
  useEffect(() => {
    if (!job) return undefined
    const controller = new AbortController()
    const load = async () => {
      try {
        const state = await jobOf(job, controller.signal)
        const artifact = state.artifacts.find((one) => one.media_type === 'image/svg+xml')
        // A preview that the server still draws would keep it from reading the plot.
        await drawInTurn(() => {}, { urgent: true })
        if (!controller.signal.aborted) setPlot({ artifact })
        setProblem(null)
      } catch (error) {
        if (!controller.signal.aborted) setProblem(error.status === 404 ? { text: words.jobGone, gone: true } : { text: error.message })
      }
    }
    setPlot(null)
    load()
    return () => controller.abort()
  }, [job, attempt])
  const [{ PlotView }, { Incoming }, { TakeAway }] = modules || [{}, {}, {}]
  const source = useMemo(() => ({ job }), [job])
  const name = design.name || kindById(design.kind).title(design.body)
  return html`<div class="plot-page">
    ${problem && html`<div class="notice bad" role="alert"><span>${problem.text}</span>
      <button type="button" class="quiet small" onClick=${() => { setProblem(null); return problem.gone ? design.setResult(null) : setAttempt(attempt + 1) }}>${problem.gone ? words.plotAgain : words.tryAgain}</button></div>`}
    ${design.isOutdated && !maker.state.busy && html`<div class="notice" role="status"><span>${words.outdated}</span><button type="button" class="small" onClick=${() => maker.make()}>${words.plotAgain}</button></div>`}
    ${(maker.state.busy || maker.state.problem) && html`<div class="making"><${Work} maker=${maker} />${maker.state.problem && html`<p class="row"><button type="button" class="quiet small" onClick=${() => maker.make()}>${words.tryAgain}</button>
      <button type="button" class="quiet small" onClick=${onDesign}>${words.backToDesign}</button></p>`}</div>`}
    ${plot && modules && html`
      <div class="plot-main"><${PlotView} key=${job} source=${source} facts=${plot.artifact} machines=${[...catalogue.plotters.values()]} machine=${design.plan.machine} onMachine=${(machine) => design.setPlan({ machine })} title=${name} autoplay=${design.kind === 'plot'} /></div>
      <div class="plot-side">
        ${design.kind === 'plot' && html`<${Incoming} key=${job} report=${plot.artifact} pens=${design.body.pens} onPens=${(pens) => design.change({ ...design.body, pens }, { key: 'pens' })} />`}
        <${TakeAway} key=${job} source=${source} name=${name} machine=${design.plan.machine} />
      </div>`}
    ${!plot && !problem && !maker.state.problem && !maker.state.busy && html`<p class="starting" role="status">${words.loadingPlot}</p>`}
  </div>`
}
