// Whose API key this tab uses, and the button that forgets it. The pages themselves react to the form.
import { callApi, getKey, setKey } from '/assets/access.js'

const $ = (id) => document.getElementById(id)

async function show() {
  const key = getKey()
  let owner = ''
  if (key) {
    try {
      owner = (await (await callApi('/key')).json()).owner || ''
    } catch (error) {
      // The page reports that the key is not valid; a key whose owner is unknown may still work.
      if (error.status === 401) return
    }
  }
  if (getKey() !== key) return
  $('key-form').classList.toggle('signed-in', Boolean(key))
  $('key-owner').hidden = $('sign-out-part').hidden = !key
  $('key-owner').textContent = owner ? `Signed in as ${owner}` : key ? 'Signed in' : ''
}

$('sign-out').addEventListener('click', () => {
  setKey('')
  // Nothing of the owner stays in the page.
  location.reload()
})
addEventListener('keychange', show)
show()
