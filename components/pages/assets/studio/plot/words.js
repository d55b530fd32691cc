// The texts of the plot view, in one place so that they can be translated.
const number = (digits) => new Intl.NumberFormat('en', { maximumFractionDigits: digits })
const [whole, tenth] = [number(0), number(1)]

export const count = (value) => whole.format(value)
export const plural = (value, one, many = `${one}s`) => `${whole.format(value)} ${value === 1 ? one : many}`
export const metres = (mm) => (mm < 1000 ? `${whole.format(mm)} mm` : `${tenth.format(mm / 1000)} m`)
export const percent = (share) => `${share > 0 && share < 0.001 ? '<0.1' : tenth.format(100 * share)} %`
export const mm = (value) => `${tenth.format(value)} mm`
export const position = ([x, y]) => `x ${x.toFixed(1)}, y ${y.toFixed(1)} mm`

/** Returns a length of time, such as `1 h 05 min`, `12 min` or `40 s`. */
export function duration(seconds) {
  if (seconds < 59.5) return `${whole.format(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** Returns a time of the playback, such as `4:05` or `1:02:03`. */
export function clock(seconds) {
  const total = Math.max(0, Math.floor(seconds))
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, '0'))
  return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${Number(minutes)}:${rest}`
}

export const words = {
  loading: 'Loading the strokes…',
  failed: (text) => `The plot view cannot be shown. ${text}`,
  retry: 'Try again',
  empty: 'This drawing has no strokes.',
  stage: (title) => `Plot of ${title || 'the drawing'}. Arrow keys move, plus and minus zoom, 0 shows all, space plays, comma and full stop step.`,
  play: 'Play',
  pause: 'Pause',
  playback: 'Playback',
  time: 'Time of the plot',
  timeAt: (now, all) => `${clock(now)} of ${clock(all)}`,
  speed: 'Speed',
  true: 'True speed',
  fast: 'All in 20 s',
  times: (factor) => `${factor} times`,
  back: 'Previous stroke',
  forward: 'Next stroke',
  zoomIn: 'Enlarge',
  zoomOut: 'Reduce',
  fit: 'Show all',
  travel: 'Pen-up travel',
  density: 'Ink density',
  places: 'Problems',
  layers: 'Pens',
  heat: (limit) => `mm² of ink per cm²; ${limit} is one full coat`,
  machine: 'Machine',
  noMachine: (text) => `The times of this machine are not known. ${text}`,
  allMachines: 'All machines',
  drawing: 'Drawing',
  travelling: 'Travel',
  lifting: 'Lifting',
  changing: 'Pen changes',
  withPen: (mmLength, seconds) => (seconds === null ? metres(mmLength) : `${metres(mmLength)}, ${duration(seconds)}`),
  lifts: 'Lifts',
  ink: 'Ink',
  up: 'Travel with the pen up',
  changes: 'Pen changes',
  certificate: 'Certificate',
  noTimes: 'Times for each machine and the check list appear once this is drawn.',
  bound: (lifts, minimum) => (lifts <= minimum ? `${count(lifts)} lifts: no order of these strokes has fewer.` : `${count(lifts)} lifts; the least possible is ${count(minimum)}.`),
  gap: (gap) => (gap <= 0.0005 ? 'No order has less travel.' : `The travel is at most ${percent(gap)} above the best possible.`),
  estimated: (gap) => `The travel is about ${percent(gap)} above the best possible (estimate).`,
  saved: (before, after) => `Optimising saved ${duration(before - after)}: ${duration(before)} before, ${duration(after)} now.`,
  fewer: (before, after) => `${count(before)} lifts before, ${count(after)} now.`,
  less: (before, after) => `${metres(before)} of travel before, ${metres(after)} now.`,
  changedInk: (share, deviation) => [share ? `${percent(share)} of the ink changed` : 'No ink was lost', deviation ? `, and no line moved by more than ${deviation} mm.` : '; every line is where it was.'].join(''),
  stopped: 'The search was ended early.',
  optimised: 'Before and after optimising',
  before: 'Before',
  now: 'Now',
  penMap: 'Pens',
  colourOf: (pen) => `Colour of ${pen}`,
  widthOf: (pen) => `Width of ${pen} in mm`,
  allRead: 'Everything in the file was read.',
  notRead: 'What was left out or changed',
  ofInk: (share) => `${share} of the ink`,
  lines: (list, found) => `${list.length === 1 ? 'line' : 'lines'} ${list.join(', ')}${found > list.length ? ' …' : ''}`,
  checks: 'Before plotting',
  showPlaces: 'Show',
  showAll: (text) => `Show on the drawing: ${text}`,
  allGood: 'Nothing to correct.',
  attention: (found) => `${plural(found, 'thing')} to look at.`,
  levels: { ok: 'Fine', note: 'Note', warning: 'Problem', unknown: 'Not checked' },
}

/** Returns the sentence for a check of the export format `strokes`, by its name. */
export const checks = {
  'off-page': (one) => (one.level === 'ok'
    ? 'Everything is on the page.'
    : `${plural(one.strokes, 'stroke')} ${one.strokes === 1 ? 'leaves' : 'leave'} the page, with ${metres(one.mm)} of ink.`),
  reach: (one, title) => ({
    ok: `The page is within the reach of the ${title}.`,
    note: `The page is larger than the reach of the ${title} (${mm(one.width)} × ${mm(one.height)}), but the drawing fits.`,
    warning: `The drawing is larger than the reach of the ${title}: ${mm(one.width)} × ${mm(one.height)}.`,
  })[one.level],
  'too-dense': (one) => {
    if (one.level === 'unknown') return 'The drawing is too large to measure its density.'
    if (one.level === 'ok') return `The densest cm² has ${count(one.mm2_per_cm2)} mm² of ink; ${count(one.limit)} is a full coat.`
    const effect = one.mm2_per_cm2 > one.tears ? 'the paper may tear' : 'the ink may soak through'
    return `Too dense: ${count(one.mm2_per_cm2)} mm² of ink on a cm², where ${count(one.limit)} is a full coat; ${effect}.`
  },
  'close-lines': (one) => {
    if (one.level === 'unknown') return 'The drawing is too large to measure its line spacing.'
    if (one.level === 'ok') return 'The lines are wider apart than the pen is wide.'
    return `The pen is too wide for this spacing: ${percent(one.share)} of “${one.layer}” is closer together than its ${one.width_mm} mm. Take a thinner pen or a wider spacing.`
  },
  specks: (one) => (one.count
    ? `${plural(one.count, 'speck')}: open ${one.count === 1 ? 'stroke' : 'strokes'} shorter than ${one.below_mm} mm.`
    : 'No specks.'),
  'pen-changes': (one) => {
    if (!one.count) return 'One pen, no change.'
    return one.by_hand ? `${plural(one.count, 'pen change')} by hand: stay near.` : `${plural(one.count, 'pen change')}, made by the machine.`
  },
  ink: (one) => `Ink for ${metres(1000 * one.metres)} of line.`,
}
