// The sheet on the desk, with the picture of the design and what happens to it.
import { Composer } from './composer.js'
import { elementName } from './elements.js'
import { html, useEffect, useRef, useState } from './ids.js'
import { pageSize } from './kinds/page.js'
import { round, sentence, words } from './words.js'

/** Returns the size of a drawing from its SVG, in mm, or null. */
function sizeOf(svg) {
  const found = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg.slice(0, 2000))
  const millimetres = /width="([\d.]+)mm"/.exec(svg.slice(0, 2000)) && /height="([\d.]+)mm"/.exec(svg.slice(0, 2000))
  if (millimetres) return [Number(/width="([\d.]+)mm"/.exec(svg)[1]), Number(/height="([\d.]+)mm"/.exec(svg)[1])]
  return found ? [Number(found[1]), Number(found[2])] : null
}

function useSize(node) {
  const [size, setSize] = useState([0, 0])
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setSize([entry.contentRect.width, entry.contentRect.height]))
    observer.observe(node.current)
    return () => observer.disconnect()
  }, [])
  return size
}

/**
 * A picture of a sheet that fits its place.
 * @param {{shown: import('./preview.js').Shown, size: [number, number], label: string}} properties
 */
export function Sheet({ shown, size: [width, height], label, children }) {
  const place = useRef(null)
  const [wide, high] = useSize(place)
  const scale = Math.min((wide - 2) / width, (high - 2) / height)
  const percent = Math.max(2, shown.progress?.percent || 0)
  const drawing = shown.phase === 'drawing'
  return html`<div class="place" ref=${place}>${scale > 0 && html`<div class=${`sheet ${shown.small ? 'stand-in' : ''} ${drawing || shown.phase === 'error' ? 'old' : ''}`} style=${{ width: `${width * scale}px`, height: `${height * scale}px` }}>
    <div class="drawn">${shown.url && html`<img src=${shown.url} alt=${label} />`}
      ${shown.url && drawing && html`<img class="growing" src=${shown.url} alt="" style=${{ clipPath: `inset(0 0 ${100 - percent}% 0)` }} />`}</div>
    ${children?.(scale)}
  </div>`}</div>`
}

// A problem with an element begins with its name: the list of elements can be out of sight.
function problemText({ path, text }, body) {
  const [, number] = /^elements\/(\d+)/.exec(path) || []
  const element = body.elements?.[number]
  return sentence(element ? `${elementName(element)}: ${text}` : text)
}

/** What the preview does, in words. */
export function Status({ shown, body, onRetry, onSignIn }) {
  const { phase, progress, message, problems } = shown
  if (phase === 'drawing') {
    const waiting = progress?.position ? words.waitingJobs(progress.position) : words.drawingPercent(progress?.percent || 0)
    return html`<div class="status" role="status"><progress max="100" value=${progress?.percent || 0}></progress><span>${waiting}${shown.small && ` ${words.smallMeanwhile}`}</span></div>`
  }
  if (phase === 'error') {
    return html`<div class="status bad" role="alert"><span>${problems.length ? words.fixFields(problems.map((one) => problemText(one, body)).join(' ')) : message}</span>
      ${shown.needsKey ? html`<button type="button" class="quiet small" onClick=${onSignIn}>${words.signIn}</button>` : html`<button type="button" class="quiet small" onClick=${onRetry}>${words.tryAgain}</button>`}</div>`
  }
  if (phase === 'waiting') return html`<div class="status warn" role="status"><span>${message}</span></div>`
  return html`<div class="status" role="status">${phase === 'loading' ? html`<span class="quietly">${words.drawing}</span>` : ''}</div>`
}

export function Stage({ design, catalogue, preview, selected, onSelect, onRetry, onSignIn }) {
  const { shown } = preview
  const size = (design.kind === 'plot' || design.body.turn !== undefined || design.kind === 'photo') && sizeOf(shown.svg) || pageSize(design.body, catalogue)
  const label = words.pictureOf(size.map(round).join(' × '))
  return html`<section class="stage" aria-label=${words.preview}>
    <${Sheet} shown=${shown} size=${size} label=${label}>${(scale) => design.kind === 'composition' && html`<${Composer} design=${design} size=${size} scale=${scale} picture=${shown.url} selected=${selected} onSelect=${onSelect} />`}</${Sheet}>
    <div class="under"><span class="dimensions">${size.map(round).join(' × ')} mm</span><${Status} shown=${shown} body=${design.body} onRetry=${onRetry} onSignIn=${onSignIn} /></div>
  </section>`
}
