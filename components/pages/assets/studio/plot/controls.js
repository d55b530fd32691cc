// Playback controls and switches of the plot view. The slider follows the player without a new rendering in each frame.
import { html, useEffect, useRef, useState } from '/assets/vendor/preact.js'
import { step } from './player.js'
import { clock, words } from './words.js'

const STEPS = 1000
const SPEEDS = [['fast', words.fast], ['1', words.true], ['10', words.times(10)], ['60', words.times(60)]]

const Icon = ({ path }) => html`<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d=${path} /></svg>`
const ICONS = {
  play: 'M6 3.5v13l11-6.5z',
  pause: 'M5.5 4h3v12h-3zM11.5 4h3v12h-3z',
  back: 'M14 4v12L6.5 10zM4.5 4h1.8v12H4.5z',
  forward: 'M6 4v12l7.5-6zM13.7 4h1.8v12h-1.8z',
  plus: 'M9 4h2v5h5v2h-5v5H9v-5H4V9h5z',
  minus: 'M4 9h12v2H4z',
  fit: 'M3 3h5v2H5v3H3zM12 3h5v5h-2V5h-3zM3 12h2v3h3v2H3zM15 12h2v5h-5v-2h3z',
}

/** Buttons that change the view. */
export function ViewButtons({ stage }) {
  const buttons = [[words.zoomIn, 'plus', () => stage.current.zoom(1.5)], [words.zoomOut, 'minus', () => stage.current.zoom(1 / 1.5)], [words.fit, 'fit', () => stage.current.fit()]]
  return html`<div class="pv-zoom">${buttons.map(([text, icon, act]) => html`<button key=${icon} type="button" class="pv-icon" title=${text} aria-label=${text} onClick=${act}><${Icon} path=${ICONS[icon]} /></button>`)}</div>`
}

/**
 * Playback and switches.
 * @param {{player: import('./player.js').Player, isPlaying: boolean, stage: object, options: object, setOptions: Function,
 *   hasDensity: boolean, hasMarks: boolean, limit: number}} props
 */
export function Controls({ player, isPlaying, stage, options, setOptions, hasDensity, hasMarks, limit }) {
  const [slider, label] = [useRef(null), useRef(null)]
  const [speed, setSpeed] = useState('fast')
  useEffect(() => {
    const show = (time) => {
      if (!slider.current) return
      slider.current.value = player.duration ? Math.round((STEPS * time) / player.duration) : STEPS
      slider.current.setAttribute('aria-valuetext', words.timeAt(time, player.duration))
      slider.current.style.setProperty('--played', `${(100 * slider.current.value) / STEPS}%`)
      label.current.textContent = `${clock(time)} / ${clock(player.duration)}`
    }
    player.listeners.add(show)
    show(player.time)
    return () => player.listeners.delete(show)
  }, [player])
  useEffect(() => { player.speed = speed === 'fast' ? player.duration / 20 : Number(speed) })
  const toggle = (name) => (event) => setOptions({ ...options, [name]: event.target.checked })
  const play = () => (isPlaying ? player.pause() : player.play())
  const buttons = [['back', words.back, () => step(player, stage.current, -1)], ['play', isPlaying ? words.pause : words.play, play], ['forward', words.forward, () => step(player, stage.current, 1)]]
  return html`<div class="pv-controls" role="group" aria-label=${words.playback}>
    <div class="pv-play">
      ${buttons.map(([name, text, act]) => html`<button key=${name} type="button" class="pv-icon ${name}" aria-label=${text} title=${text} onClick=${act}>
        <${Icon} path=${ICONS[name === 'play' && isPlaying ? 'pause' : name]} /></button>`)}
      <input class="pv-slider" ref=${slider} type="range" min="0" max=${STEPS} step="1" aria-label=${words.time}
        onInput=${(event) => player.seek((player.duration * event.target.value) / STEPS)} />
      <span class="pv-clock" ref=${label}></span>
    </div>
    <div class="pv-switches">
      <label class="pv-speed">${words.speed} <select value=${speed} onChange=${(event) => setSpeed(event.target.value)}>
        ${SPEEDS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></label>
      <label class="pv-switch travel"><input type="checkbox" checked=${options.travel} onChange=${toggle('travel')} /> ${words.travel}</label>
      ${hasDensity && html`<label class="pv-switch density"><input type="checkbox" checked=${options.density} onChange=${toggle('density')} /> ${words.density}</label>`}
      ${hasMarks && html`<label class="pv-switch marks"><input type="checkbox" checked=${options.marks} onChange=${toggle('marks')} /> ${words.places}</label>`}
      ${options.density && html`<p class="pv-legend"><span class="pv-scale" aria-hidden="true"></span><span>0</span><span>${limit}+</span><small>${words.heat(limit)}</small></p>`}
    </div>
  </div>`
}
