// Loads what the plot view shows: strokes once, times and checks for each machine.
import { useEffect, useReducer, useRef, useState } from '/assets/vendor/preact.js'
import { fetchStrokes } from './source.js'
import { evenTimes, strokesOf, strokesOfSvg } from './strokes.js'

/**
 * Returns the strokes, and the report of the service about them if there is a source.
 * @param {{source?: import('./source.js').Source, svg?: string, profile: string}} wanted
 * @returns {{strokes?: import('./strokes.js').Strokes, report?: object, error?: Error, busy: boolean, retry: () => void}}
 */
export function usePlot({ source, svg, profile }) {
  const [state, setState] = useState({ busy: true })
  const [attempt, retry] = useReducer((one) => one + 1, 0)
  const shown = useRef({})
  const key = source ? JSON.stringify(source) : svg

  useEffect(() => {
    const controller = new AbortController()
    const isNew = shown.current.key !== key
    if (!isNew && shown.current.profile === (profile || shown.current.profile)) return undefined
    setState((before) => (isNew ? { busy: true } : { ...before, busy: true }))
    load({ source, svg, profile, coordinates: isNew }, controller.signal).then(({ strokes, report }) => {
      shown.current = { key, profile: report?.profile }
      setState((before) => ({ key, strokes: strokes || before.strokes, report, busy: false }))
    }).catch((error) => {
      if (!controller.signal.aborted) setState((before) => ({ ...(isNew ? {} : before), error: isNew ? error : undefined, busy: false }))
    })
    return () => controller.abort()
  }, [key, profile, attempt])
  return { ...state, retry }
}

async function load({ source, svg, profile, coordinates }, signal) {
  if (source) {
    const report = await fetchStrokes(source, { profile, coordinates }, signal)
    return { report, strokes: coordinates ? strokesOf(report) : undefined }
  }
  const strokes = strokesOfSvg(svg)
  strokes.times = evenTimes(strokes)
  return { strokes }
}
