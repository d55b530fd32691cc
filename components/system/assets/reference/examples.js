// Example replies below the documented responses, made from the OpenAPI document when they are opened.
import { exampleOf, openapi, operationAt, resolved } from './openapi.js'
import { words } from './words.js'

async function write(pre, method, path, status) {
  try {
    const document = await openapi()
    const reply = resolved(document, operationAt(document, method, path).responses[status])
    const content = reply.content['application/json'] || Object.values(reply.content)[0]
    const example = content.example ?? exampleOf(document, content.schema)
    pre.textContent = Object.keys(example || {}).length ? JSON.stringify(example, null, 2) : words.noExample
  } catch {
    pre.textContent = words.offline
  }
}

/** Adds an example to each response of an article that has fields. @param {HTMLElement} article */
export function addExamples(article) {
  const { method, path } = article.dataset
  for (const fields of article.querySelectorAll('.replies > li > details')) {
    const details = document.createElement('details')
    const summary = document.createElement('summary')
    const pre = document.createElement('pre')
    summary.textContent = words.example
    pre.tabIndex = 0
    details.append(summary, pre)
    const status = fields.parentElement.querySelector('.code').textContent
    details.addEventListener('toggle', () => details.open && write(pre, method, path, status), { once: true })
    fields.before(details, ' ')
  }
}
