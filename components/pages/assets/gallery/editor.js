// The dialog for the title and tags of a drawing, and its removal.
import { callApi } from '/assets/access.js'
import { words } from './words.js'

const $ = (id) => document.getElementById(id)
let edited = null
let whenDone = {}

/**
 * Opens the dialog.
 * @param {object} drawing
 * @param {{ onSaved: (drawing: object) => void, onRemoved: () => void }} done
 */
export function editDrawing(drawing, done) {
  edited = drawing
  whenDone = done
  $('title').value = drawing.title
  $('tags').value = drawing.tags.join(' ')
  $('editor-error').textContent = ''
  $('remove').textContent = words.remove
  $('editor').showModal()
}

async function attempt(action) {
  try {
    await action()
    $('editor').close()
  } catch (error) {
    $('editor-error').textContent = error.message
  }
}

const save = () => attempt(async () => {
  const body = { title: $('title').value, tags: $('tags').value.toLowerCase().split(/[\s,]+/).filter(Boolean) }
  whenDone.onSaved(await (await callApi(edited.links.self, { method: 'PATCH', body: JSON.stringify(body) })).json())
})

function remove() {
  if ($('remove').textContent !== words.confirm) {
    $('remove').textContent = words.confirm
    return
  }
  attempt(async () => {
    await callApi(edited.links.self, { method: 'DELETE' })
    whenDone.onRemoved()
  })
}

$('save').addEventListener('click', save)
$('remove').addEventListener('click', remove)
$('editor').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target.tagName === 'INPUT') {
    event.preventDefault()
    save()
  }
})
