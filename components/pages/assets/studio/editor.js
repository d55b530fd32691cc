// The design page: what is drawn on the left, the sheet in the middle, how it is plotted on the right.
import { getKey } from '/assets/access.js'
import { CodeDialog } from './code.js'
import { Compare } from './compare.js'
import { useChanges, useListener } from './hooks.js'
import { html, useEffect, useRef, useState } from './ids.js'
import { kindById } from './kinds/kinds.js'
import { Panel } from './panel.js'
import { Maker } from './plan.js'
import { PlanPanel } from './plan-panel.js'
import { PlotPage } from './plot-page.js'
import { Preview } from './preview.js'
import { Stage } from './stage.js'
import { words } from './words.js'

const isTyping = (node) => node.matches?.('input:not([type="range"]):not([type="radio"]):not([type="checkbox"]), textarea, select')

function useOnce(make) {
  const kept = useRef(null)
  kept.current ||= make()
  return kept.current
}

export function Editor({ design, catalogue, view, onView, onLeave, onFile, onKeyNeeded, onNotes, keyButton }) {
  const preview = useOnce(() => new Preview(catalogue))
  const maker = useOnce(() => new Maker(design, catalogue))
  const [selected, setSelected] = useState(null)
  const [code, setCode] = useState(false)
  useChanges(design)
  useChanges(preview)
  useChanges(maker)
  const recipe = JSON.stringify([design.kind, design.body])
  useEffect(() => { if (view === 'design') preview.request(design.kind, design.body) }, [view === 'design' && recipe])
  useEffect(() => () => { preview.close(); maker.stop() }, [])
  useListener(window, 'pagehide', () => preview.discard())
  useListener(window, 'studio-key', () => preview.repeat())
  const needsKey = preview.shown.needsKey || maker.state.needsKey
  useEffect(() => { if (needsKey) onKeyNeeded() }, [needsKey])
  useListener(window, 'keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || isTyping(event.target)) return
    const call = { z: event.shiftKey ? 'redo' : 'undo', y: 'redo' }[event.key.toLowerCase()]
    if (!call) return
    event.preventDefault()
    design[call]()
  })
  const plotted = async () => { if (await maker.make()) onView('plot') }
  const kind = kindById(design.kind)
  const title = design.name || kind.title(design.body)
  useEffect(() => { document.title = `${title} - ${words.studio}` }, [title])
  return html`<div class=${`editor controls view-${view}`}>
    <div class="toolbar" role="toolbar" aria-label=${words.toolbar}>
      <button type="button" class="quiet back" onClick=${onLeave} aria-label=${words.backToStart}>← <span class="wide-only">${words.start}</span></button>
      <h2><span class="unseen">${title}</span><input type="text" class="name" maxlength="80" aria-label=${words.nameOfDesign} title=${words.nameOfDesign} value=${title} onChange=${(event) => design.setName(event.target.value)} /></h2>
      <div class="views" role="group" aria-label=${words.view}>
        <button type="button" class="quiet" aria-pressed=${String(view === 'design')} onClick=${() => onView('design')}>${words.design}</button>
        <button type="button" class="quiet" aria-pressed=${String(view === 'plot')} onClick=${() => onView('plot')}>${words.plot}</button>
      </div>
      <div class="tools">
        <button type="button" class="quiet icon" disabled=${!design.canUndo} onClick=${() => design.undo()} aria-label=${words.undo} title=${`${words.undo} (Ctrl+Z)`}>↶</button>
        <button type="button" class="quiet icon" disabled=${!design.canRedo} onClick=${() => design.redo()} aria-label=${words.redo} title=${`${words.redo} (Ctrl+Shift+Z)`}>↷</button>
        ${view === 'design' && html`<button type="button" class="quiet" aria-pressed=${String(design.variants.length > 0)} onClick=${() => (design.variants.length ? design.removeVariant() : design.addVariant())}>${words.compare}</button>`}
        <button type="button" class="quiet" onClick=${() => setCode(true)}>${words.share}</button>
        ${keyButton}
      </div>
    </div>
    ${!design.kept && html`<p class="notice bad" role="alert">${words.storageFull}</p>`}
    ${view === 'plot' ? html`<${PlotPage} design=${design} catalogue=${catalogue} maker=${maker} onDesign=${() => onView('design')} />` : html`
      <${Panel} design=${design} catalogue=${catalogue} preview=${preview} selected=${selected} onSelect=${setSelected} onFile=${onFile} />
      ${design.variants.length ? html`<${Compare} design=${design} catalogue=${catalogue} preview=${preview} />`
      : html`<${Stage} design=${design} catalogue=${catalogue} preview=${preview} selected=${selected} onSelect=${setSelected} onRetry=${() => preview.repeat()} onSignIn=${onKeyNeeded} />`}
      <${PlanPanel} design=${design} catalogue=${catalogue} maker=${maker} preview=${preview} onPlot=${plotted} />`}
    ${code && html`<${CodeDialog} design=${design} catalogue=${catalogue} onClose=${() => setCode(false)} onNotes=${onNotes} hasKey=${Boolean(getKey())} />`}
  </div>`
}
