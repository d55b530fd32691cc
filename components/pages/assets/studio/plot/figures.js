// Figures of a plot as the service calculated them: minutes by machine and pen, lifts, travel, certificate.
import { html } from '/assets/vendor/preact.js'
import { count, duration, metres, words } from './words.js'

const PARTS = [['drawing_seconds', words.drawing], ['travelling_seconds', words.travelling], ['lifting_seconds', words.lifting], ['pen_change_seconds', words.changing]]

/**
 * The time on a machine and its parts, and the choice of the machine.
 * @param {{times: object, machines: object[], profile: string, onProfile: (name: string) => void, busy: boolean, trouble?: string}} props
 */
export function MachineTime({ times, machines, profile, onProfile, busy, trouble }) {
  const time = times[profile]
  const parts = PARTS.filter(([name]) => time?.[name] > 0)
  return html`<section class="pv-time" aria-busy=${busy}>
    <label class="pv-machine">${words.machine}
      <select value=${profile} onChange=${(event) => onProfile(event.target.value)}>
        ${machines.map((one) => html`<option key=${one.name} value=${one.name} selected=${one.name === profile}>${one.title}</option>`)}
      </select>
    </label>
    ${trouble && html`<p class="bad" role="alert">${words.noMachine(trouble)}</p>`}
    ${time && html`<p class="pv-total" role="status">${duration(time.seconds)}</p>
      <div class="pv-bar" aria-hidden="true">
        ${parts.map(([name]) => html`<span key=${name} class=${name} style=${{ flexGrow: time[name] / time.seconds }}></span>`)}
      </div>
      <ul class="pv-parts">
        ${parts.map(([name, text]) => html`<li key=${name}><span class="pv-dot ${name}" aria-hidden="true"></span>${text} <b>${duration(time[name])}</b></li>`)}
      </ul>`}
    ${Object.keys(times).length > 1 && html`<${AllMachines} ...${{ times, machines, profile, onProfile }} />`}
  </section>`
}

function AllMachines({ times, machines, profile, onProfile }) {
  const listed = machines.filter((one) => times[one.name]).sort((one, other) => times[one.name].seconds - times[other.name].seconds)
  return html`<details class="pv-all"><summary>${words.allMachines}</summary>
    <ul>${listed.map((one) => html`<li key=${one.name}>
      <button type="button" class="pv-link" aria-pressed=${one.name === profile} onClick=${() => onProfile(one.name)}>${one.title}</button>
      <span>${duration(times[one.name].seconds)}</span></li>`)}</ul>
  </details>`
}

/** The pens with ink and time, each with a switch. @param {{layers: object[], hidden: Set<number>, onToggle: (pen: number) => void}} props */
export function Pens({ layers, hidden, onToggle }) {
  return html`<fieldset class="pv-pens"><legend>${words.layers}</legend>
    ${layers.map((one, pen) => html`<label key=${pen}>
      <input type="checkbox" checked=${!hidden.has(pen)} onChange=${() => onToggle(pen)} />
      <span class="pv-swatch" style=${{ background: one.colour }} aria-hidden="true"></span>
      <span class="pv-pen">${one.layer || one.colour}<small>${one.width_mm} mm</small></span>
      <span class="pv-figure">${one.mm === undefined ? '' : words.withPen(one.mm, one.seconds ?? null)}</span>
    </label>`)}
  </fieldset>`
}

/** Lifts, travel and ink. @param {{facts: object}} props an artifact's `plot` */
export function Facts({ facts }) {
  const rows = [[words.ink, metres(facts.pen_down_mm)], [words.up, metres(facts.pen_up_mm)], [words.lifts, count(facts.lifts)], [words.changes, count(facts.pen_changes)]]
  return html`<dl class="pv-facts">${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** What the service proves about the order. @param {{certificate: object, profile: string}} props */
export function Certificate({ certificate, profile }) {
  const { lifts, pen_up_mm: travel, gap, estimated_gap: estimated, seconds = {} } = certificate
  const time = seconds[profile]
  const lines = [
    time && time.before - time.after > 1 && words.saved(time.before, time.after),
    lifts.after < lifts.before && words.fewer(lifts.before, lifts.after),
    words.bound(lifts.after, lifts.minimum),
    travel && words.less(travel.before, travel.after),
    Number.isFinite(gap) ? words.gap(gap) : Number.isFinite(estimated) && words.estimated(estimated),
    words.changedInk(certificate.changed_ink, certificate.deviation_mm),
    certificate.stopped && words.stopped,
  ]
  return html`<section class="pv-certificate"><h2>${words.certificate}</h2>
    <ul>${lines.filter(Boolean).map((line) => html`<li key=${line}>${line}</li>`)}</ul></section>`
}
