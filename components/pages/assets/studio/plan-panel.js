// The assistant: what matters, which machine, which pen. Everything else of plotting is one click below.
import { resolved } from './catalogue.js'
import { Members } from './form.js'
import { html, useState } from './ids.js'
import { pageSize } from './kinds/page.js'
import { formatName, QUICK_FORMATS } from './plan.js'
import { duration, metres, round, words } from './words.js'

const EFFORTS = ['quick', 'normal', 'best']
const PENS = [0.1, 0.3, 0.5, 0.8]
// Members of a plot that the assistant or the source decides.
const DECIDED = ['source', 'svg', 'effort', 'pens', 'page', 'pens_by', 'max_pens', 'fills', 'hatch_spacing', 'hatch_angle', 'occlude', 'paper', 'dpi', 'layer_codes', 'max_pen_width']

function Figures({ figures, machine }) {
  const seconds = figures?.seconds[machine] ?? figures?.seconds.axidraw
  const rows = figures && [
    [words.time, duration(seconds)], [words.lifts, words.count(figures.lifts)], [words.ink, metres(figures.ink)], [words.travel, metres(figures.travel)],
  ]
  return html`<dl class="figures" aria-label=${words.figures}>${(rows || [[words.time, '–'], [words.lifts, '–'], [words.ink, '–'], [words.travel, '–']]).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

// Whether a page lies on the bed of a machine, and what to do if not.
function bedProblem(body, machine, catalogue) {
  const [width, height] = pageSize(body, catalogue)
  const { width: wide, height: high } = machine.bed
  if ((width <= wide && height <= high) || (height <= wide && width <= high)) return null
  const fits = [...catalogue.papers.values()].filter((one) => one.family === 'ISO A' && Math.min(one.width, one.height) <= Math.min(wide, high) && Math.max(one.width, one.height) <= Math.max(wide, high))
  return { text: words.bedTooSmall(machine.title, round(wide), round(high)), paper: fits[0] }
}

function Work({ maker }) {
  const { busy, step, progress, message, problem, canFinish } = maker.state
  const travel = progress?.pen_up_mm
  return html`<div class="work" aria-live="polite">
    ${busy && html`<p class="row"><strong>${step}</strong>${progress?.percent !== undefined && html`<span>${progress.percent} %</span>`}</p>
      <progress max="100" value=${progress?.percent}></progress>
      ${progress?.position ? html`<p class="hint">${words.waitingJobs(progress.position)}</p>` : ''}
      ${travel !== undefined && html`<p class="hint">${words.bestSoFar(metres(travel), progress.gap)}</p>`}
      <p class="row">${canFinish && html`<button type="button" class="quiet small" onClick=${() => maker.finishNow()}>${words.finishNow}</button>`}
        <button type="button" class="quiet small" onClick=${() => maker.stop()}>${words.stop}</button></p>`}
    ${message && html`<p class="hint">${message}</p>`}
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
  </div>`
}

export function PlanPanel({ design, catalogue, maker, preview, onPlot }) {
  const [more, setMore] = useState(false)
  const { plan, body } = design
  // A plot of a file has its effort in the recipe itself.
  const isPlot = design.kind === 'plot'
  const effort = isPlot ? body.effort ?? 'quick' : plan.effort
  const setEffort = (one) => (isPlot ? design.set(['effort'], one) : design.setPlan({ effort: one }))
  const machine = catalogue.plotters.get(plan.machine) || [...catalogue.plotters.values()][0]
  const trouble = isPlot ? null : bedProblem(body, machine, catalogue)
  const { busy } = maker.state
  const schema = resolved(catalogue.operations.get('create_plot').schema, catalogue.schemas)
  const hidden = [...DECIDED, ...catalogue.jobOptions]
  const pens = design.kind === 'pattern' || design.kind === 'photo'
  return html`<aside class="plan" aria-label=${words.plotting}>
    <${Figures} figures=${preview.shown.figures} machine=${machine.name} />
    <div class="field"><span class="label" id="effort">${words.effort}</span>
      <div class="segments" role="radiogroup" aria-labelledby="effort">${EFFORTS.map((one) => html`<label key=${one}><input type="radio" name="effort" checked=${effort === one} onChange=${() => setEffort(one)} /><span>${words.efforts[one].title}</span></label>`)}</div>
      <p class="hint">${words.efforts[effort].text}</p></div>
    <div class="field"><label for="machine">${words.machine}</label><select id="machine" onChange=${(event) => design.setPlan({ machine: event.target.value })}>
      ${[...catalogue.plotters.values()].map((one) => html`<option key=${one.name} value=${one.name} selected=${one.name === machine.name}>${one.title}</option>`)}</select>
      ${trouble && html`<p class="problem">${trouble.text} ${trouble.paper && html`<button type="button" class="link" onClick=${() => design.change({ ...body, paper: trouble.paper.name, width: undefined, height: undefined })}>${words.usePaper(trouble.paper.title)}</button>`}</p>`}</div>
    ${pens && html`<div class="field"><span class="label" id="pen">${words.pen}, mm</span><div class="segments" role="radiogroup" aria-labelledby="pen">${PENS.map((one) => html`<label key=${one}><input type="radio" name="pen" checked=${(body.pen_width ?? 0.3) === one} onChange=${() => design.set(['pen_width'], one)} /><span>${one}</span></label>`)}</div></div>`}
    ${!isPlot && html`<button type="button" class="link more" aria-expanded=${String(more)} onClick=${() => setMore(!more)}>${more ? words.fewer : words.allPlotting}</button>
      ${more && html`<div class="members"><${Members} schema=${schema} value=${plan.options} hidden=${hidden} first=${20} catalogue=${catalogue} onChange=${(options) => design.setPlan({ options })} /></div>`}`}
    <button type="button" class="primary" disabled=${busy} onClick=${onPlot}>${words.plotIt}</button>
    <div class="downloads" role="group" aria-label=${words.download}>${QUICK_FORMATS.filter((one) => catalogue.formats.has(one)).map((one) => html`<button type="button" key=${one} class="quiet" disabled=${busy} title=${catalogue.formats.get(one).summary} onClick=${() => maker.download(one)}>${formatName(one)}</button>`)}</div>
    <p class="hint">${words.downloadHint}</p>
    <${Work} maker=${maker} />
  </aside>`
}

export { Figures, Work }
