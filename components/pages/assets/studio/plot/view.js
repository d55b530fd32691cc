// The plot view: a drawing in plotting order with its figures and its check list.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '/assets/vendor/preact.js'
import { CheckList } from './checklist.js'
import { Controls, ViewButtons } from './controls.js'
import { Certificate, Facts, MachineTime, Pens } from './figures.js'
import { usePlot } from './load.js'
import { Player, step } from './player.js'
import { connect } from './pointer.js'
import { Stage } from './stage.js'
import { evenTimes, Timeline } from './strokes.js'
import { about } from './viewport.js'
import { position, words } from './words.js'

const INK_LIMIT = 100
// Checks whose places are marked from the start; those of others on demand.
const MARKED = new Set(['off-page', 'too-dense'])

/**
 * @param {{source?: import('./source.js').Source, svg?: string, facts?: object, machines?: object[], machine?: string,
 *   title?: string, autoplay?: boolean, onMachine?: (name: string) => void}} props
 *   `source` is preferred; with `svg` alone the times of machines and the check list are missing. `facts` is the artifact of
 *   the drawing with its `plot` and `certificate`, `machines` has the plotters of `GET /plotters`, and `machine` is the name of one.
 */
export function PlotView({ source, svg, facts: given, machines = [], machine, title, autoplay = false, onMachine }) {
  const [profile, setProfile] = useState(machine || '')
  const facts = given || {}
  const plot = usePlot({ source, svg, profile })
  useEffect(() => { if (machine && machine !== profile) setProfile(machine) }, [machine])
  if (plot.error) return html`<${Failure} error=${plot.error} onRetry=${plot.retry} />`
  if (!plot.strokes) return html`<div class="pv-view pv-empty"><div class="pv-stage pv-waiting" aria-busy="true"><p role="status">${words.loading}</p></div></div>`
  if (!plot.strokes.length) return html`<p class="pv-note" role="status">${words.empty}</p>`
  const choose = (name) => { setProfile(name); onMachine?.(name) }
  return html`<${Plot} key=${plot.key} ...${{ plot, title, autoplay, machines, facts }} profile=${plot.report?.profile || profile} onProfile=${choose} />`
}

function Failure({ error, onRetry }) {
  return html`<div class="pv-note" role="alert"><p>${words.failed(error.message)}</p>
    <button type="button" onClick=${onRetry}>${words.retry}</button></div>`
}

function Plot({ plot, title, autoplay, machines, profile, onProfile, facts }) {
  const { strokes, report } = plot
  const [hidden, setHidden] = useState(new Set())
  const [options, setOptions] = useState({ travel: false, density: false, marks: true })
  const [check, setCheck] = useState(null)
  const known = report?.plot || facts.plot
  const times = report?.times || known?.time
  const shown = times?.[profile] ? profile : Object.keys(times || {})[0]
  const { element, holder, stage, player, cursor, isPlaying } = useStage(strokes, report, times?.[shown], autoplay)

  useEffect(() => stage.current.hide(hidden), [hidden])
  useEffect(() => stage.current.show(options), [options])
  const warnings = (report?.checks || []).filter((one) => one.level === 'warning' && MARKED.has(one.check)).flatMap((one) => one.places)
  useEffect(() => stage.current.show({ places: check?.places || (options.marks ? warnings : []) }), [check, options, report])
  const toggle = (pen) => setHidden((before) => new Set(before.has(pen) ? [...before].filter((one) => one !== pen) : [...before, pen]))
  const show = (one) => {
    setCheck(one)
    if (one) stage.current.look(one.places.length > 1 ? stage.current.view : about(one.places[0], strokes, stage.current.size))
    if (one) element.current.scrollIntoView({ block: 'nearest' })
  }
  const proof = facts.certificate || report?.metadata.certificate
  const name = machines.find((one) => one.name === profile)?.title || profile
  return html`<div class="pv-view">
    <div class="pv-main">
      <div class="pv-stage" ref=${element} tabindex="0" role="group" aria-label=${words.stage(title)}>
        <div class="pv-canvas" ref=${holder}></div>
        <${ViewButtons} stage=${stage} />
        <p class="pv-cursor" ref=${cursor} aria-hidden="true"></p>
      </div>
      <${Controls} ...${{ player, isPlaying, stage, options, setOptions }} hasDensity=${Boolean(report?.ink_map)} hasMarks=${warnings.length > 0} limit=${INK_LIMIT} />
    </div>
    <div class="pv-side">
      ${times ? html`<${MachineTime} times=${times} machines=${machines.filter((one) => times[one.name])} profile=${shown} onProfile=${onProfile} busy=${plot.busy} trouble=${plot.trouble} />`
    : html`<p class="pv-hint">${words.noTimes}</p>`}
      <${Pens} layers=${report?.layers || strokes.layers} hidden=${hidden} onToggle=${toggle} />
      ${known && html`<${Facts} facts=${known} />`}
      ${report && html`<${CheckList} checks=${report.checks} machine=${name} shown=${check?.check || null} onShow=${show} />`}
      ${proof && html`<${Certificate} certificate=${proof} profile=${profile} />`}
    </div>
  </div>`
}

/** Returns the stage and the player of strokes; both live as long as the strokes are shown. */
function useStage(strokes, report, time, autoplay) {
  const [element, holder, cursor, stage] = [useRef(null), useRef(null), useRef(null), useRef(null)]
  const [isPlaying, setPlaying] = useState(false)
  const listeners = useRef(new Set())
  const player = useMemo(() => new Player((time) => {
    stage.current?.seek(time)
    setPlaying(player.playing)
    for (const listener of listeners.current) listener(time)
  }), [strokes])
  player.listeners = listeners.current

  useLayoutEffect(() => {
    const made = new Stage(holder.current, strokes, {
      inkMap: report?.ink_map, inkLimit: INK_LIMIT,
      onView: (one) => element.current.classList.toggle('zoomed', !one.isFitted),
    })
    stage.current = made
    const disconnect = connect(element.current, made, {
      onCursor: (place) => { cursor.current.textContent = place ? position(place) : '' },
      onPlay: () => (player.playing ? player.pause() : player.play()),
      onStep: (direction) => step(player, made, direction),
    })
    return () => { disconnect(); player.pause(); made.close() }
  }, [strokes])

  useLayoutEffect(() => {
    const timeline = new Timeline(strokes, report || evenTimes(strokes, time))
    stage.current.follow(timeline)
    player.setDuration(timeline.duration)
  }, [strokes, report, report ? null : time])
  useEffect(() => {
    if (!autoplay || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    player.speed = player.duration / 20
    player.play()
  }, [strokes])
  return { element, holder, stage, player, cursor, isPlaying }
}
