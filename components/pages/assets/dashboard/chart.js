// A chart of the jobs that ended in each step of a period: bars of finished ones, with the failed ones on top.
import { put } from './words.js'

const $ = (id) => document.getElementById(id)
const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 960
const HEIGHT = 120
const TITLES = { hour: 'last hour', day: 'last day', week: 'last week' }
const number = (count) => count.toLocaleString('en')

// A round number that is not less than `value`.
function ceiling(value) {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return [1, 2, 4, 5, 10].map((factor) => factor * magnitude).find((one) => one >= value)
}

function bars(values, bases, most, className) {
  const step = WIDTH / values.length
  // All bars of a kind are one path: a week has 168 of them.
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('class', className)
  path.setAttribute('d', values.map((value, index) => {
    if (!value) return ''
    const high = Math.max(1.5, (HEIGHT * value) / most)
    const base = HEIGHT - (HEIGHT * bases[index]) / most
    return `M${(index * step + 0.5).toFixed(1)} ${base.toFixed(1)}v${-high.toFixed(1)}h${(step - 1).toFixed(1)}v${high.toFixed(1)}z`
  }).join(''))
  return path
}

function label(time, period) {
  const options = period === 'week' ? { weekday: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit' }
  return new Date(time).toLocaleString(undefined, options)
}

/** Draws the chart of a reply of `GET /statistics`. */
export function drawChart({ period, start, step_s: stepS, series }) {
  const { finished, failed } = series
  const sums = finished.map((value, index) => value + failed[index])
  const most = ceiling(Math.max(...sums, 4))
  $('chart').replaceChildren(bars(finished, finished.map(() => 0), most, 'finished'), bars(failed, finished, most, 'failed'))
  const [done, bad] = [finished, failed].map((one) => one.reduce((sum, value) => sum + value, 0))
  put($('chart-sum'), `${number(done)} finished, ${number(bad)} failed in the ${TITLES[period]}`)
  $('chart').setAttribute('aria-label', `${$('chart-sum').textContent}; at most ${number(Math.max(...sums))} in ${stepS / 60} ${stepS === 60 ? 'minute' : 'minutes'}`)
  put($('chart-most'), number(most))
  const from = Date.parse(start)
  const length = stepS * sums.length * 1000
  const times = [...$('chart-times').children]
  times.forEach((node, index) => put(node, index === times.length - 1 ? 'now' : label(from + (length * index) / (times.length - 1), period)))
}
