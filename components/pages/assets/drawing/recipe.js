// The recipe of a drawing, a link that opens it in the studio, and variations by seed.
import { html, useEffect, useRef, useState } from '/assets/vendor/preact.js'
import { drawPath } from '/studio/assets/kinds/pattern.js'
import { recipeLink } from '/studio/assets/links.js'
import { fetchPatiently } from '/studio/assets/plot/source.js'
import { words } from './words.js'

const VARIATIONS = 6
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

/** @param {{recipe: object}} props the recipe of a pattern */
export function Variations({ recipe }) {
  const place = useRef(null)
  const [isNear, setNear] = useState(false)
  const [first, setFirst] = useState((recipe.seed || 0) + 1)
  const [pictures, setPictures] = useState([])
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && setNear(true), { rootMargin: '300px' })
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (!isNear) return undefined
    const controller = new AbortController()
    const made = []
    const draw = async () => {
      for (let number = 0; number < VARIATIONS; number += 1) {
        const picture = await variation({ ...bodyOf(recipe), seed: (first + number) % MAX_SEED }, controller.signal)
        made.push(picture.address)
        setPictures((before) => [...before, picture])
      }
    }
    setPictures([])
    // A drawing that takes longer than a reply may take has no variations here.
    draw().catch(() => { if (!controller.signal.aborted) setFailed(true) })
    return () => { controller.abort(); made.forEach(URL.revokeObjectURL) }
  }, [first, isNear])
  if (failed && !pictures.length) return null
  const places = Array.from({ length: VARIATIONS }, (_, number) => pictures[number])
  return html`<section class="drawing-section" ref=${place}><h2>${words.variations}</h2><p class="drawing-hint">${words.variationsHint}</p>
    <ul class="drawing-variations">${places.map((one, number) => html`<li key=${number}>${one
    ? html`<a href=${one.studio} aria-label=${words.variation(one.seed)}><span class="frame"><img src=${one.address} alt="" /></span><span>${words.seed(one.seed)}</span></a>`
    : html`<div class="drawing-blank"></div>`}</li>`)}</ul>
    <p class="buttons"><button type="button" class="quiet" onClick=${() => setFirst((first + VARIATIONS) % MAX_SEED)}>${words.more}</button></p></section>`
}

async function variation(body, signal) {
  const reply = await fetchPatiently(drawPath(body, { optimize: false, encoding: 'compact' }), { signal, headers: { Accept: 'image/svg+xml' } })
  const blob = new Blob([await reply.arrayBuffer()], { type: 'image/svg+xml' })
  return { seed: body.seed, address: URL.createObjectURL(blob), studio: await recipeLink(body) }
}
