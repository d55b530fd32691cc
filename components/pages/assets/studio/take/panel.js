// The take-away panel: files, print, mock-up, animation and a link of a drawing.
import { callApi } from '/assets/access.js'
import { html, useEffect, useRef, useState } from '/assets/vendor/preact.js'
import { addressOf, summaryOf } from '../plot/source.js'
import { Animation } from './animation.js'
import { Files, Print } from './files.js'
import { Framed } from './mockup.js'
import { Share } from './share.js'
import { words } from './words.js'

const PANELS = { files: Files, print: Print, frame: Framed, animation: Animation, share: Share }
const NEED_PAGE = new Set(['print', 'frame'])
const get = async (path) => (await callApi(path)).json()

/**
 * @param {{source: import('../plot/source.js').Source, name?: string, machine?: string}} props
 *   `machine` is the name of the chosen plotter
 */
export function TakeAway({ source, name = '', machine }) {
  const [lists, setLists] = useState(null)
  const [summary, setSummary] = useState({ layers: [] })
  const [failure, setFailure] = useState('')
  const [open, setOpen] = useState('files')
  const tabs = useRef(null)
  useEffect(() => {
    // With a link, only the drawing is open, but not the lists of formats.
    Promise.all([get('/formats'), get('/plotters')])
      .then(([formats, plotters]) => setLists({ formats: formats.formats, machines: plotters.plotters }))
      .catch((error) => (source.token ? setLists({ formats: guestFormats(), machines: [] }) : setFailure(error.message)))
  }, [])
  useEffect(() => {
    // Without it, as for a very large drawing, only the tabs that need the size of the page are missing.
    summaryOf(source).then(setSummary, (error) => setSummary({ layers: [], error }))
  }, [addressOf(source)])
  if (failure) return html`<p class="take-outcome bad" role="alert">${words.failed(failure)}</p>`
  if (!lists) return html`<p role="status">${words.loading}</p>`
  const names = Object.keys(words.tabs).filter((one) => one !== 'share' || !source.token)
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const next = names[(names.indexOf(open) + step + names.length) % names.length]
    setOpen(next)
    tabs.current.querySelector(`[data-tab="${next}"]`).focus()
  }
  const Panel = PANELS[open]
  return html`<section class="take controls" aria-label=${words.title}>
    <div class="take-tabs" role="tablist" aria-label=${words.title} ref=${tabs} onKeyDown=${move}>
      ${names.map((one) => html`<button key=${one} type="button" role="tab" id="take-tab-${one}" data-tab=${one} aria-selected=${one === open} aria-controls="take-panel"
        tabindex=${one === open ? 0 : -1} onClick=${() => setOpen(one)}>${words.tabs[one]}</button>`)}
    </div>
    <div class="take-panel" role="tabpanel" id="take-panel" aria-labelledby="take-tab-${open}">
      ${!summary.page && NEED_PAGE.has(open) ? html`<p role="status">${summary.error ? words.failed(summary.error.message) : words.loading}</p>`
    : html`<${Panel} key=${`${open} ${addressOf(source)}`} ...${{ source, name, machine, ...summary, ...lists }} />`}
    </div>
  </section>`
}

/** Returns the formats that need no choice, for guests without the list of the service. */
const guestFormats = () => [['svg', '.svg'], ['pdf', '.pdf'], ['png', '.png']].map(([one, suffix]) => ({ name: one, suffix, summary: '', params: {} }))
