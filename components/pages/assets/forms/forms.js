// The page /forms. Without this script and without API keys, the forms work as well: the server redirects to the job.
import { callApi, getKey, setKey } from '/assets/access.js'

const WAIT_S = 20
const $ = (id) => document.getElementById(id)

// A form whose job is followed to its end.
class Sender {
  constructor(name, { sending, done, check = () => '' }) {
    this.form = $(`${name}-form`)
    this.outcome = $(`${name}-outcome`)
    this.sending = sending
    this.done = done
    this.check = check
    // Without a recipient for messages, the form has no fields.
    if (!this.outcome) return
    this.form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.submit()
    })
    this.form.addEventListener('input', ({ target }) => target.removeAttribute('aria-invalid'))
  }

  show(text, kind, jobId) {
    this.outcome.dataset.kind = kind
    this.outcome.textContent = text
    if (!jobId) return
    const link = document.createElement('a')
    link.href = `/dashboard#job=${encodeURIComponent(jobId)}`
    link.textContent = 'Show job'
    this.outcome.append(' ', link)
  }

  async submit() {
    const mistake = this.check()
    if (mistake) return this.show(mistake, 'bad')
    if ($('key-form') && !getKey()) {
      $('key').focus()
      return this.show('Enter your API key first.', 'bad')
    }
    const button = this.form.querySelector('button')
    button.disabled = true
    this.show(this.sending, '')
    try {
      await this.send()
    } catch (error) {
      this.refuse(error)
    } finally {
      button.disabled = false
    }
  }

  async send() {
    const reply = await callApi(this.form.getAttribute('action'), { method: 'POST', body: new FormData(this.form) })
    const { job_id: jobId, message } = await reply.json()
    this.show(`${message}…`, '', jobId)
    let job
    do {
      job = await (await callApi(`/jobs/${encodeURIComponent(jobId)}?wait=${WAIT_S}`)).json()
    } while (!job.done)
    if (job.status !== 'finished') return this.show(job.error || `The job was ${job.status}.`, 'bad', jobId)
    this.show(await this.done(job), 'good', jobId)
    this.form.reset()
  }

  refuse(error) {
    const errors = error.problem?.errors || []
    const names = errors.map((one) => one.parameter).filter((name) => this.form.elements[name])
    for (const name of names) this.form.elements[name].setAttribute('aria-invalid', 'true')
    if (names.length) this.form.elements[names[0]].focus()
    if (error.status === 401) setKey('')
    const lines = errors.map((one) => [one.parameter && `${one.parameter}:`, one.detail, one.hint && `(${one.hint})`].filter(Boolean).join(' '))
    this.show(lines.join(' ') || error.message, 'bad')
  }
}

let objectUrl = ''

// Shows the stored photo; of its versions, one that fits the page.
async function showPhoto(job) {
  const picture = job.artifacts.find((one) => Math.max(one.width, one.height) <= 800) || job.artifacts[0]
  if (objectUrl) URL.revokeObjectURL(objectUrl)
  objectUrl = getKey() ? URL.createObjectURL(await (await callApi(picture.url)).blob()) : ''
  const image = $('photo').querySelector('img')
  image.src = objectUrl || picture.url
  image.alt = `Stored photo ${job.artifacts[0].name}`
  $('photo').querySelector('figcaption').textContent = `${job.artifacts[0].name}, ${job.artifacts[0].width} × ${job.artifacts[0].height} pixels`
  $('photo').hidden = false
  return 'Photo stored.'
}

function checkPhoto() {
  const [file] = $('file').files
  $('photo').hidden = true
  if (file && $('url').value) return 'Choose a file or enter a URL, not both.'
  if (!file && !$('url').value) return 'Choose a file or enter a URL.'
  const limit = Number($('file').dataset.maxBytes)
  return file && file.size > limit ? `The file is larger than ${limit / 1e6} MB.` : ''
}

new Sender('photo', { sending: 'Sending the photo…', done: showPhoto, check: checkPhoto })
new Sender('contact', { sending: 'Sending the message…', done: () => 'Message sent.' })

$('key-form')?.addEventListener('submit', (event) => {
  event.preventDefault()
  setKey($('key').value.trim())
  $('key').value = ''
  $('file').focus()
})
