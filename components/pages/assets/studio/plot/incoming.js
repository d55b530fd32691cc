// What became of a drawing from elsewhere: what was read, ignored, hidden or cut, its pens, and what optimising saved.
import { html } from '/assets/vendor/preact.js'
import { count, metres, percent, plural, words } from './words.js'
import { problemText } from './problems.js'

/**
 * @param {{report: object, pens?: object[], onPens?: (pens: object[]) => void}} props `report` is the result of `POST /plots` or
 *   `POST /plots/quote`, or the artifact of a plot: `problems`, `certificate`, and statistics as `after` or `plot`. `pens` is the
 *   member of the request; with `onPens` the pens can be changed.
 */
export function Incoming({ report, pens, onPens }) {
  const { problems = [], certificate } = report
  const after = report.after || report.plot
  return html`<section class="incoming">
    ${certificate && html`<${Saved} certificate=${certificate} />`}
    ${after && html`<${PenMap} ink=${after.ink} pens=${pens} onPens=${onPens} />`}
    <${Problems} problems=${problems} />
  </section>`
}

const Row = ({ name, before, after }) => html`<tr><th scope="row">${name}</th><td>${before}</td><td>${after}</td></tr>`

function Saved({ certificate }) {
  const { lifts, pen_up_mm: travel, ink_mm: ink } = certificate
  return html`<h2>${words.optimised}</h2>
    <table class="incoming-table"><thead><tr><th></th><th scope="col">${words.before}</th><th scope="col">${words.now}</th></tr></thead>
      <tbody><${Row} name=${words.lifts} before=${count(lifts.before)} after=${count(lifts.after)} />
        <${Row} name=${words.up} before=${metres(travel.before)} after=${metres(travel.after)} />
        <${Row} name=${words.ink} before=${metres(ink.before)} after=${metres(ink.after)} /></tbody></table>`
}

function PenMap({ ink, pens, onPens }) {
  const given = (one) => pens?.find((other) => other.layer === one.pen) || {}
  const change = (layer, name, value) => onPens(ink.map((one) => {
    const before = { layer: one.pen, ...given(one) }
    return one.pen === layer ? { ...before, [name]: value } : before
  }))
  return html`<h2>${words.penMap}</h2><ul class="incoming-pens">${ink.map((one) => html`<li key=${one.pen}>
    <span class="pv-swatch" style=${{ background: given(one).color || one.colour }} aria-hidden="true"></span>
    <span class="incoming-pen">${one.pen} <small>${plural(one.strokes, 'stroke')}, ${metres(one.mm)}</small></span>
    ${onPens ? html`<label><span class="pv-unseen">${words.colourOf(one.pen)}</span><input type="color" value=${hex(given(one).color || one.colour)} onChange=${(event) => change(one.pen, 'color', event.target.value)} /></label>
      <label><span class="pv-unseen">${words.widthOf(one.pen)}</span><input type="number" min="0.05" max="5" step="0.05" value=${given(one).pen_width || one.width_mm} onChange=${(event) => change(one.pen, 'pen_width', Number(event.target.value))} /> mm</label>` : html`<span class="incoming-width">${one.width_mm} mm</span>`}
  </li>`)}</ul>`
}

/** Returns a CSS colour as `#rrggbb`, as colour inputs need it. */
function hex(colour) {
  const context = document.createElement('canvas').getContext('2d')
  context.fillStyle = colour
  return context.fillStyle.startsWith('#') ? context.fillStyle : '#000000'
}

function Problems({ problems }) {
  if (!problems.length) return html`<p class="incoming-fine">${words.allRead}</p>`
  return html`<h2>${words.notRead}</h2><ul class="incoming-problems">${problems.map((one) => html`<li key=${`${one.kind} ${one.action}`}>
    <b>${problemText(one)}</b> <small>${[one.share ? words.ofInk(percent(one.share)) : '', one.lines?.length ? words.lines(one.lines, one.count) : ''].filter(Boolean).join(' · ')}</small></li>`)}</ul>`
}
