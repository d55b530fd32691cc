// The recipe of a drawing, a link that opens it in the studio, and variations by seed.
import { callApi } from '/assets/access.js'
import { html, useEffect, useState } from '/assets/vendor/preact.js'
import { recipeLink } from '/studio/assets/links.js'
import { words } from './words.js'

const VARIATIONS = 6
const AT_ONCE = 2
const MAX_SEED = 2 ** 31

/** Returns the body of the request that draws a recipe. */
function bodyOf(recipe) {
  const { version, ...body } = recipe
  return body
}

/** Returns the address of the studio with a recipe, empty until it is known. */
export function useStudioLink(recipe) {
  const [address, setAddress] = useState('')
  useEffect(() => {
    if (recipe) recipeLink(bodyOf(recipe)).then(setAddress, () => setAddress(''))
  }, [recipe])
  return address
}

/** @param {{recipe?: object, studio: string}} props */
export function Recipe({ recipe, studio }) {
  const [said, setSaid] = useState('')
  if (!recipe) return html`<section class="drawing-section"><h2>${words.recipe}</h2><p class="drawing-hint">${words.noRecipe}</p></section>`
  const text = JSON.stringify(bodyOf(recipe), null, 2)
  const copy = () => navigator.clipboard.writeText(text).then(() => setSaid(words.copied), (error) => setSaid(error.message))
  return html`<section class="drawing-section"><h2>${words.recipe}</h2>
    <p class="drawing-hint">${words.recipeHint}</p>
    <pre class="drawing-recipe" tabindex="0" aria-label=${words.recipe}><code>${text}</code></pre>
    <p class="buttons"><button type="button" class="quiet" onClick=${copy}>${words.copy}</button>
      ${studio && html`<a class="button quiet" href=${studio}>${words.makeOwn}</a>`} <span role="status">${said}</span></p></section>`
}

/** @param {{recipe: object}} props */
export function Variations({ recipe }) {
  const [first, setFirst] = useState((recipe.seed || 0) + 1)
  const [pictures, setPictures] = useState([])
  useEffect(() => {
    const controller = new AbortController()
    const made = []
    const seeds = Array.from({ length: VARIATIONS }, (_, index) => (first + index) % MAX_SEED)
    const draw = async () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const picture = await variation({ ...bodyOf(recipe), seed }, controller.signal)
        if (!picture) return
        made.push(picture.address)
        if (controller.signal.aborted) URL.revokeObjectURL(picture.address)
        else setPictures((before) => [...before, { seed, ...picture }].sort((one, other) => one.seed - other.seed))
      }
    }
    setPictures([])
    for (let worker = 0; worker < AT_ONCE; worker += 1) draw().catch(() => {})
    return () => { controller.abort(); made.forEach(URL.revokeObjectURL) }
  }, [first])
  // A recipe that is too slow for a reply, or is none of a pattern, has no variations here.
  if (!pictures.length) return null
  return html`<section class="drawing-section"><h2>${words.variations}</h2><p class="drawing-hint">${words.variationsHint}</p>
    <ul class="drawing-variations">${pictures.map((one) => html`<li key=${one.seed}><a href=${one.studio} aria-label=${words.variation(one.seed)}>
      <img src=${one.address} alt="" /><span>${words.seed(one.seed)}</span></a></li>`)}</ul>
    <p class="buttons"><button type="button" class="quiet" onClick=${() => setFirst((first + VARIATIONS) % MAX_SEED)}>${words.more}</button></p></section>`
}

async function variation(body, signal) {
  const reply = await callApi('/artboard/render', { method: 'POST', body: JSON.stringify(body), signal, headers: { Accept: 'image/svg+xml' } })
  if (reply.status !== 200 || !reply.headers.get('Content-Type').startsWith('image/svg')) return null
  const blob = new Blob([await reply.arrayBuffer()], { type: 'image/svg+xml' })
  return { address: URL.createObjectURL(blob), studio: await recipeLink(body) }
}
