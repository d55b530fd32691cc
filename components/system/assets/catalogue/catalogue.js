// The pages /patterns and /patterns/<name>: pictures, which may need the API key, and samples of code.
import { showPicture } from '/assets/pictures.js'
import { showSamples } from '/assets/reference/samples.js'

const visible = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    visible.unobserve(target)
    showPicture(target, target.dataset.src, { onNone: () => { target.hidden = false } })
  }
}, { rootMargin: '300px' })
document.querySelectorAll('img[data-src]').forEach((one) => visible.observe(one))
showSamples(document)

// The recipe goes to the studio in the fragment, which is not sent to the server.
const link = document.getElementById('into-studio')
if (link) {
  import('/studio/assets/links.js')
    .then(({ recipeLink }) => recipeLink(JSON.parse(link.dataset.recipe)))
    .then((address) => { link.href = address })
    .catch(() => {})
}
