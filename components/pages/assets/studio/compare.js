// Two variants side by side with their figures.
import { useChanges } from './hooks.js'
import { html, useEffect, useRef } from './ids.js'
import { pageSize } from './kinds/page.js'
import { Figures } from './plan-panel.js'
import { Preview } from './preview.js'
import { Sheet, Status } from './stage.js'
import { words } from './words.js'

function Variant({ title, kind, body, preview, catalogue, machine, children }) {
  return html`<section class="variant" aria-label=${title}><h3>${title}</h3>
    <${Sheet} shown=${preview.shown} size=${pageSize(body, catalogue)} label=${title} />
    <${Status} shown=${preview.shown} body=${body} onRetry=${() => preview.repeat()} />
    <${Figures} figures=${preview.shown.figures} machine=${machine} />
    <p class="row">${children}</p></section>`
}

export function Compare({ design, catalogue, preview }) {
  const other = useRef(null)
  other.current ||= new Preview(catalogue)
  useChanges(other.current)
  const [variant] = design.variants
  useEffect(() => { other.current.request(variant.kind, variant.body) }, [JSON.stringify(variant.body)])
  useEffect(() => () => other.current.close(), [])
  const { machine } = design.plan
  return html`<div class="compare">
    <${Variant} title=${words.thisOne} kind=${design.kind} body=${design.body} preview=${preview} catalogue=${catalogue} machine=${machine}>
      <button type="button" class="quiet small" onClick=${() => design.removeVariant()}>${words.keepThis}</button></${Variant}>
    <${Variant} title=${words.otherOne} kind=${variant.kind} body=${variant.body} preview=${other.current} catalogue=${catalogue} machine=${machine}>
      <button type="button" class="quiet small" onClick=${() => design.swapVariant()}>${words.exchange}</button>
      <button type="button" class="quiet small" onClick=${() => { design.change(variant.body, { kind: variant.kind }); design.removeVariant() }}>${words.useOther}</button></${Variant}>
  </div>`
}
