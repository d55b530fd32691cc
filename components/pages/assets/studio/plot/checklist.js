// The check list before plotting. What is checked, and the limits, are those of the service.
import { html } from '/assets/vendor/preact.js'
import { checks as sentences, words } from './words.js'

const ORDER = ['warning', 'note', 'unknown', 'ok']

/**
 * @param {{checks: object[], machine: string, shown: string|null, onShow: (check: object|null) => void}} props `machine` is its title;
 *   `shown` is the check whose places are marked
 */
export function CheckList({ checks, machine, shown, onShow }) {
  const known = checks.filter((one) => sentences[one.check])
  const sorted = known.sort((one, other) => ORDER.indexOf(one.level) - ORDER.indexOf(other.level))
  const problems = known.filter((one) => one.level === 'warning').length
  return html`<section class="pv-checks"><h2>${words.checks}</h2>
    <p class="pv-verdict ${problems ? 'warning' : 'ok'}">${problems ? words.attention(problems) : words.allGood}</p>
    <ul>${sorted.map((one) => html`<${Check} key=${one.check} ...${{ one, machine, shown, onShow }} />`)}</ul>
  </section>`
}

function Check({ one, machine, shown, onShow }) {
  const text = sentences[one.check](one, machine)
  const isShown = shown === one.check
  return html`<li class="pv-check ${one.level}">
    <span class="pv-mark" role="img" aria-label=${words.levels[one.level]}></span>
    <span>${text}
      ${one.places.length > 0 && html` <button type="button" class="pv-link" aria-pressed=${isShown} aria-label=${words.showAll(text)}
        onClick=${() => onShow(isShown ? null : one)}>${words.showPlaces}</button>`}
    </span>
  </li>`
}
