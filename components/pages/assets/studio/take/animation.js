// The tab with drawings that draw themselves.
import { html, useEffect, useRef, useState } from '/assets/vendor/preact.js'
import { fetchStrokes } from '../plot/source.js'
import { strokesOf, Timeline } from '../plot/strokes.js'
import { animatedSvg, Film } from './film.js'
import { Outcome, useDownload } from './files.js'
import { canRecord, recorded } from './recording.js'
import { fileName } from './saving.js'
import { words } from './words.js'

const LENGTHS_S = [5, 10, 20, 30]

/** @param {{source: object, name: string, machine?: string}} props */
export function Animation({ source, name, machine }) {
  const [seconds, setSeconds] = useState(10)
  const [parts, setParts] = useState(null)
  const [failure, setFailure] = useState('')
  const [share, setShare] = useState(null)
  const [state, start] = useDownload()
  const [preview, setPreview] = useState(null)
  const recording = useRef(null)

  useEffect(() => {
    const controller = new AbortController()
    fetchStrokes(source, { profile: machine }, controller.signal).then((report) => {
      const strokes = strokesOf(report)
      setParts({ strokes, timeline: new Timeline(strokes, report) })
    }).catch((error) => { if (!controller.signal.aborted) setFailure(error.message) })
    return () => { controller.abort(); recording.current?.abort() }
  }, [])
  useEffect(() => {
    if (!parts) return undefined
    const made = animatedSvg(parts.strokes, parts.timeline, { seconds, title: name })
    const blob = new Blob([made.svg], { type: 'image/svg+xml' })
    const address = URL.createObjectURL(blob)
    setPreview({ ...made, blob, address })
    return () => URL.revokeObjectURL(address)
  }, [parts, seconds])

  const record = async () => {
    recording.current = new AbortController()
    const { signal } = recording.current
    setShare(0)
    try {
      return { blob: await recorded(new Film(parts.strokes, parts.timeline), { seconds, signal, onShare: setShare }), name: fileName(name, '.webm') }
    } finally {
      setShare(null)
    }
  }

  if (failure) return html`<p class="take-outcome bad" role="alert">${words.failed(failure)}</p>`
  if (!preview) return html`<p role="status">${words.making}</p>`
  const isRecording = share !== null
  return html`<div class="take-animation">
    <img class="take-picture" src=${preview.address} alt=${words.animationHint} />
    <div class="take-options">
      <p>${words.animationHint} ${preview.groups ? words.many(preview.groups) : ''}</p>
      <label>${words.seconds}<select value=${seconds} disabled=${isRecording} onChange=${(event) => setSeconds(Number(event.target.value))}>
        ${LENGTHS_S.map((one) => html`<option key=${one} value=${one} selected=${one === seconds}>${words.ofSeconds(one)}</option>`)}</select></label>
      <p class="take-buttons">
        <button type="button" disabled=${isRecording} onClick=${() => start(async () => ({ blob: preview.blob, name: fileName(name, ' animated.svg') }))}>${words.animatedSvg}</button>
        ${canRecord() ? html`<button type="button" disabled=${isRecording} onClick=${() => start(record)}>${words.webm}</button>` : html`<span>${words.noVideo}</span>`}
        ${isRecording && html`<button type="button" class="quiet" onClick=${() => recording.current.abort(new Error(words.canceled))}>${words.cancel}</button>`}
      </p>
      ${isRecording && html`<p><progress max="1" value=${share} aria-label=${words.webm}></progress> ${words.recording(share)}</p>`}
      ${!isRecording && html`<${Outcome} state=${state} />`}
    </div>
  </div>`
}
