// A drawing: its plot, its recipe with variations, and everything to take away.
import { callApi } from '/assets/access.js'
import { html, useEffect, useState } from '/assets/vendor/preact.js'
import { PlotView } from '/studio/assets/plot/view.js'
import { TakeAway } from '/studio/assets/take/panel.js'
import { nameOf } from '/studio/assets/words.js'
import { headOf } from './head.js'
import { LabelEditor, KeepButton } from './label.js'
import { Recipe, useStudioLink, Variations } from './recipe.js'
import { words } from './words.js'

/**
 * @param {{source: object, drawing?: object, facts?: object, children?: object}} props `drawing` is the record of the gallery, `facts` the artifact of
 *   a job; guests have neither
 */
export function Drawing({ source, drawing, facts, children }) {
  const [file, setFile] = useState(null)
  const [record, setRecord] = useState(drawing)
  const [machines, setMachines] = useState([])
  const [machine, setMachine] = useState('')
  const [failure, setFailure] = useState('')
  useEffect(() => {
    const controller = new AbortController()
    headOf(source, controller.signal).then(setFile)
      .catch((error) => { if (!controller.signal.aborted) setFailure([401, 403, 404, 410].includes(error.status) && source.token ? words.guestGone : error.message) })
    callApi('/plotters').then((reply) => reply.json()).then(({ plotters }) => setMachines(plotters)).catch(() => {})
    return () => controller.abort()
  }, [])
  const title = record?.title || file?.title || words.untitled
  useEffect(() => { if (file) document.title = `${title} - Vector API` }, [title])
  const studio = useStudioLink(file?.recipe)
  if (failure) {
    return html`<div class="drawing-notice" role="alert"><h1>${words.gone}</h1><p>${failure}</p>
      <p class="buttons"><a class="button" href="/studio">${words.toStudio}</a></p></div>`
  }
  // Title and page are known at once, so that nothing moves afterwards.
  if (!file) return html`<p class="starting" role="status">${words.loading}</p>`
  return html`<article class="drawing">
    <header class="drawing-head">
      <div><h1>${title}</h1><${Facts} record=${record} file=${file} />
        ${record?.tags.length > 0 && html`<ul class="drawing-tags">${record.tags.map((tag) => html`<li key=${tag}><a href="/gallery/page?tag=${encodeURIComponent(tag)}">${tag}</a></li>`)}</ul>`}</div>
      <p class="drawing-acts">
        ${file.recipe && html`<a class="button" href=${studio || '/studio'}>${words.makeOwn}</a>`}
        ${record && html`<${KeepButton} record=${record} onChange=${setRecord} /> <${LabelEditor} record=${record} onChange=${setRecord} />`}
      </p>
    </header>
    ${children}
    <${PlotView} ...${{ source, facts, machines, title }} onMachine=${setMachine} />
    <section class="drawing-section" id="take"><h2>${words.takeAway}</h2><${TakeAway} source=${source} name=${title} machine=${machine} /></section>
    <${Recipe} recipe=${file.recipe} studio=${studio} />
    ${file.recipe?.pattern && !source.token && html`<${Variations} recipe=${file.recipe} />`}
  </article>`
}

function Facts({ record, file }) {
  const { width, height } = record || file.page || {}
  const recipe = file.recipe || {}
  const facts = [
    (record?.patterns.length ? record.patterns : [recipe.pattern]).filter(Boolean).map(nameOf).join(', '),
    width && words.sheet(width, height, record?.paper),
    Number.isInteger(recipe.seed ?? record?.seed) && words.seed(recipe.seed ?? record.seed),
    record?.made_at && words.day(record.made_at),
  ]
  return html`<p class="drawing-facts">${facts.filter(Boolean).join(' · ')}</p>`
}
