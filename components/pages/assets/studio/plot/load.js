// Loads what the plot view shows: strokes once, times and checks for each machine.
import { useEffect, useReducer, useRef, useState } from '/assets/vendor/preact.js'
import { fetchDrawing, fetchStrokes } from './source.js'
import { strokesOf, strokesOfSvg } from './strokes.js'

/**
 * Returns the strokes, and the report of the service about them if there is a source.
 * @param {{source?: import('./source.js').Source, svg?: string, profile: string}} wanted
 * @returns {{strokes?: import('./strokes.js').Strokes, report?: object, error?: Error, trouble?: string, busy: boolean, retry: () => void}}
 *   `trouble` is why the times of another machine are missing
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
      if (!controller.signal.aborted) setState((before) => (isNew ? { error, busy: false } : { ...before, trouble: error.message, busy: false }))
    })
    return () => controller.abort()
  }, [key, profile, attempt])
  return { ...state, retry }
}

const isTooLarge = (error) => Boolean(error.problem?.type?.endsWith('/drawing-too-large'))

async function load({ source, svg, profile, coordinates }, signal) {
  if (source) {
    try {
      const report = await fetchStrokes(source, { profile, coordinates }, signal)
      return { report, strokes: coordinates ? strokesOf(report) : undefined }
    } catch (error) {
      if (!isTooLarge(error)) throw error
    }
  }
  // The stored file has no limit, but no times either.
  const text = svg || (await (await fetchDrawing(source, {}, signal)).text())
  return { strokes: strokesOfSvg(text) }
}
