// The page /docs: search, samples of code, example replies and a form for each request.
import { setKey } from '/assets/access.js'
import { addExamples } from './examples.js'
import { showSamples } from './samples.js'
import { startSearch } from './search.js'
import { addTry } from './try.js'

if (matchMedia('(min-width: 52rem)').matches) document.querySelectorAll('.contents > details').forEach((one) => { one.open = true })
startSearch()

// An article gets its controls when it comes near the visible part.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    near.unobserve(target)
    showSamples(target)
    if (target.dataset.path) {
      addExamples(target)
      addTry(target)
    }
  }
}, { rootMargin: '1200px' })
document.querySelectorAll('main article').forEach((one) => near.observe(one))

document.getElementById('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  const field = document.getElementById('key')
  setKey(field.value.trim())
  field.value = ''
  document.getElementById('words').focus()
})
