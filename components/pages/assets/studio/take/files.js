// Files in every format of the service, and a PNG for printing.
import { html, useState } from '/assets/vendor/preact.js'
import { fetchDrawing } from '../plot/source.js'
import { ParameterForm } from './form.js'
import { fileName, givenName, save } from './saving.js'
import { formatName, words } from './words.js'

const FIRST = ['svg', 'hpgl', 'gcode', 'pdf', 'png', 'dxf']
const RESOLUTIONS = [96, 150, 200, 300, 600]
const MAX_SIDE_PX = 4000
// The choice of a file for each layer; no layer has this name, since names have no line feeds.
const EACH = '\n'
const PAPERS = [['white', words.white], ['#fbf3e0', words.cream], ['#c9a77c', words.kraft], ['#17181b', words.black], ['none', words.transparent]]

/** Returns the state of a download and the function that starts one. */
export function useDownload() {
  const [state, setState] = useState({ text: '' })
  const start = async (make) => {
    setState({ text: words.downloading, busy: true })
    try {
      const { blob, name } = await make()
      save(blob, name)
      setState({ text: words.saved(name, blob.size) })
    } catch (error) {
      setState({ text: words.failed(error.message), bad: true })
    }
  }
  return [state, start]
}

export const Outcome = ({ state }) => html`<p class="take-outcome ${state.bad ? 'bad' : ''}" role="status">${state.text}</p>`

async function fetched(source, parameters, name, suffix) {
  const reply = await fetchDrawing(source, { download: '1', ...parameters })
  return { blob: await reply.blob(), name: givenName(reply) || fileName(name, suffix) }
}

/** @param {{source: object, name: string, formats: object[], machines: object[], machine?: string, layers: object[]}} props */
export function Files({ source, name, formats, machines, machine, layers }) {
  const rank = (one) => (FIRST.includes(one.name) ? FIRST.indexOf(one.name) : FIRST.length)
  const listed = [...formats].sort((one, other) => rank(one) - rank(other))
  const [chosen, choose] = useState('svg')
  const [values, setValues] = useState({})
  const [layer, setLayer] = useState('')
  const [state, start] = useDownload()
  const form = listed.find((one) => one.name === chosen) || listed[0]
  const titles = Object.fromEntries(machines.map((one) => [one.name, one.title]))
  const profiles = form.params.properties?.profile?.enum || []
  // The machine that was chosen for the times, if the format is written for it.
  const preset = machine && profiles.includes(machine) ? { profile: machine } : {}
  const parameters = { ...preset, ...values[chosen] }
  const saved = async (chosenParameters) => {
    // One file after the other: the server writes two at once for all.
    const parts = form.suffix === '.zip' ? [''] : layer === EACH ? layers.map((one) => one.layer) : [layer]
    let last
    for (const [number, part] of parts.entries()) {
      if (last) save(last.blob, last.name)
      const of = part ? { layer: part } : {}
      last = await fetched(source, { format: form.name, ...chosenParameters, ...of }, `${name}${part && ` ${number + 1} ${part}`}`, form.suffix)
    }
    return last
  }
  return html`<form class="take-files" onSubmit=${(event) => {
    event.preventDefault()
    start(() => saved(parameters))
  }}>
    <fieldset class="take-formats"><legend>${words.format}</legend>
      ${listed.map((one) => html`<label key=${one.name} class="take-format ${one.name === chosen ? 'chosen' : ''}">
        <input type="radio" name="take-format" value=${one.name} checked=${one.name === chosen} onChange=${() => choose(one.name)} />
        <span>${formatName(one.name)}</span></label>`)}
    </fieldset>
    <div class="take-options"><p class="take-summary">${form.summary}</p>
      <${ParameterForm} schema=${form.params} values=${parameters} titles=${titles} onChange=${(next) => setValues({ ...values, [chosen]: next })} />
      ${layers.length > 1 && form.suffix !== '.zip' && html`<label>${words.pen}<select value=${layer} onChange=${(event) => setLayer(event.target.value)}>
        <option value="">${words.allPens}</option><option value=${EACH}>${words.eachPen(layers.length)}</option>
        ${layers.map((one) => html`<option key=${one.layer} value=${one.layer}>${words.onePen(one.layer)}</option>`)}</select></label>`}
      <p class="take-buttons"><button disabled=${state.busy}>${words.download} ${form.suffix}</button></p>
      <${Outcome} state=${state} /></div>
  </form>`
}

/** @param {{source: object, name: string, page: {width: number, height: number}}} props the page in mm */
export function Print({ source, name, page }) {
  const [paper, setPaper] = useState('white')
  const most = (MAX_SIDE_PX * 25.4) / Math.max(page.width, page.height)
  const offered = [...RESOLUTIONS.filter((one) => one <= most), ...(most < 600 ? [Math.floor(most)] : [])]
  const [dpi, setDpi] = useState(offered.findLast((one) => one <= 300) || offered[0])
  const [state, start] = useDownload()
  const pixels = (one) => [page.width, page.height].map((side) => Math.round((side / 25.4) * one))
  return html`<form class="take-print" onSubmit=${(event) => { event.preventDefault(); start(() => fetched(source, { format: 'png', dpi, paper }, name, '.png')) }}>
    <p>${words.printHint(page.width, page.height)}</p>
    <label>${words.resolution}<select value=${dpi} onChange=${(event) => setDpi(Number(event.target.value))}>
      ${offered.map((one) => html`<option key=${one} value=${one} selected=${one === dpi}>${words.pixels(one, pixels(one))}</option>`)}</select></label>
    <label>${words.paper}<select value=${paper} onChange=${(event) => setPaper(event.target.value)}>
      ${PAPERS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></label>
    <p class="take-buttons"><button disabled=${state.busy}>${words.download} .png</button></p>
    <${Outcome} state=${state} />
  </form>`
}
