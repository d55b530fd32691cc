// The finished plot: played back stroke by stroke, with its figures, what was changed, and every export.
import { callApi } from '/assets/access.js'
import { html, useEffect, useState } from './ids.js'
import { jobOf } from './jobs.js'
import { kindById } from './kinds/kinds.js'
import { Figures, Work } from './plan-panel.js'
import { figuresOf } from './preview.js'
import { words } from './words.js'

// The parts for plots are loaded when the first plot is shown.
const parts = () => Promise.all(['./plot/view.js', './plot/incoming.js', './take/panel.js'].map((path) => import(path).catch(() => ({}))))
let loadedParts = null

function Plain({ svg }) {
  const [url, setUrl] = useState('')
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [svg])
  return html`<div class="place"><div class="sheet plain">${url && html`<img src=${url} alt=${words.plot} />`}</div></div>`
}

export function PlotPage({ design, catalogue, maker, preview, onDesign }) {
  const [modules, setModules] = useState(loadedParts)
  const [plot, setPlot] = useState(null)
  const [problem, setProblem] = useState('')
  const job = design.result?.job
  useEffect(() => {
    if (!loadedParts) parts().then((found) => { loadedParts = found; setModules(found) })
  }, [])
  // A file that was dropped is read and plotted without being asked for.
  useEffect(() => { if (!job && !maker.state.busy && !maker.state.problem) maker.make() }, [job])
  useEffect(() => {
    if (!job) return undefined
    const controller = new AbortController()
    const load = async () => {
      try {
        const state = await jobOf(job, controller.signal)
        const artifact = state.artifacts.find((one) => one.media_type === 'image/svg+xml')
        const svg = await (await callApi(artifact.url, { signal: controller.signal })).text()
        setPlot({ job: state, artifact, svg })
        setProblem('')
      } catch (error) {
        if (!controller.signal.aborted) setProblem(error.status === 404 ? words.jobGone : error.message)
      }
    }
    setPlot(null)
    load()
    return () => controller.abort()
  }, [job])
  const [view = {}, incoming = {}, take = {}] = modules || []
  const { PlotView } = view
  const { Incoming } = incoming
  const { TakeAway } = take
  const name = kindById(design.kind).title(design.body)
  return html`<div class="plot-page">
    ${problem && html`<div class="notice bad" role="alert"><span>${problem}</span><button type="button" class="quiet small" onClick=${() => { design.setResult(null); setProblem('') }}>${words.plotAgain}</button></div>`}
    ${design.isOutdated && !maker.state.busy && html`<div class="notice" role="status"><span>${words.outdated}</span><button type="button" class="small" onClick=${() => maker.make()}>${words.plotAgain}</button></div>`}
    ${(maker.state.busy || maker.state.problem) && html`<div class="making"><${Work} maker=${maker} />${maker.state.problem && html`<p class="row"><button type="button" class="quiet small" onClick=${() => maker.make()}>${words.tryAgain}</button>
      <button type="button" class="quiet small" onClick=${onDesign}>${words.backToDesign}</button></p>`}</div>`}
    ${plot && modules && html`
      <div class="plot-main">${PlotView ? html`<${PlotView} key=${job} source=${{ job }} svg=${plot.svg} facts=${plot.artifact} machines=${[...catalogue.plotters.values()]} machine=${design.plan.machine} onMachine=${(machine) => design.setPlan({ machine })} title=${name} autoplay=${design.kind === 'plot'} />`
      : html`<${Plain} svg=${plot.svg} /><${Figures} figures=${figuresOf(plot.svg)} machine=${design.plan.machine} />`}</div>
      <div class="plot-side">
        ${design.kind === 'plot' && Incoming && html`<${Incoming} key=${job} report=${plot.artifact} pens=${design.body.pens} onPens=${(pens) => design.change({ ...design.body, pens }, { key: 'pens' })} />`}
        ${TakeAway && html`<${TakeAway} key=${job} source=${{ job }} name=${name} machine=${design.plan.machine} />`}
      </div>`}
    ${!plot && !problem && !maker.state.problem && html`<p class="starting" role="status">${preview.shown.phase === 'waiting' ? preview.shown.message : words.loadingPlot}</p>`}
  </div>`
}
