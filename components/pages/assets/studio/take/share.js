// The tab with a link that shows the drawing and its recipe to people without a key.
import { callApi } from '/assets/access.js'
import { html, useRef, useState } from '/assets/vendor/preact.js'
import { pathOf } from '../plot/source.js'
import { words } from './words.js'

const DAYS = [1, 7, 30]

/** Returns the address of the page of a drawing. @param {import('../plot/source.js').Source} source */
const pageOf = (source) => (source.job ? `/jobs/${source.job}` : `/gallery/${source.drawing}/page`)

/** @param {{source: import('../plot/source.js').Source}} props */
export function Share({ source }) {
  const [days, setDays] = useState(7)
  const [link, setLink] = useState(null)
  const [text, setText] = useState('')
  const field = useRef(null)
  const make = async () => {
    setText('')
    try {
      const body = JSON.stringify({ path: pathOf(source), expires_in: days * 86_400 })
      const { token, expires_at: until } = await (await callApi('/links', { method: 'POST', body })).json()
      // In the fragment, the token stays out of logs.
      setLink({ address: `${location.origin}${pageOf(source)}#token=${token}`, until })
    } catch (error) {
      setText(words.failed(error.message))
    }
  }
  const copy = async () => {
    field.current.select()
    try {
      await navigator.clipboard.writeText(link.address)
      setText(words.copied)
    } catch {
      setText(words.notCopied)
    }
  }
  return html`<div class="take-share">
    <p>${words.shareHint}</p>
    <p class="take-buttons"><label>${words.expires} <select value=${days} onChange=${(event) => setDays(Number(event.target.value))}>
      ${DAYS.map((one) => html`<option key=${one} value=${one} selected=${one === days}>${words.days(one)}</option>`)}</select></label>
      <button type="button" onClick=${make}>${words.makeLink}</button></p>
    ${link && html`<label>${words.link}<input ref=${field} type="text" readonly value=${link.address} onFocus=${(event) => event.target.select()} /></label>
      <p class="take-buttons"><button type="button" class="quiet" onClick=${copy}>${words.copy}</button> <span class="take-until">${words.until(link.until)}</span></p>`}
    <p class="take-outcome" role="status">${text}</p>
  </div>`
}
