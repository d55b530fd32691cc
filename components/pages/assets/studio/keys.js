// Signing in with an API key. The key is kept for this tab only; whether it is valid is asked of the server.
import { callApi, getKey, setKey } from '/assets/access.js'
import { html, useEffect, useState } from './ids.js'
import { useDialog } from './hooks.js'
import { words } from './words.js'

/** The dialog that takes a key. `onDone` is called with whether there is a valid key now. */
export function SignIn({ refused, onDone }) {
  const [problem, setProblem] = useState(refused ? words.keyRefused : '')
  const [busy, setBusy] = useState(false)
  const dialog = useDialog(() => onDone(false))
  const submit = async (event) => {
    event.preventDefault()
    const key = event.target.elements.key.value.trim()
    if (!key) return
    const before = getKey()
    setBusy(true)
    setKey(key)
    try {
      await callApi('/key')
      onDone(true)
    } catch (error) {
      setKey(before)
      setProblem(error.status === 401 ? words.keyWrong : error.message)
      setBusy(false)
    }
  }
  return html`<dialog ref=${dialog} class="signin controls" aria-labelledby="signin-title"><form onSubmit=${submit}>
    <h2 id="signin-title">${words.signIn}</h2>
    <p>${words.signInHint}</p>
    <label for="studio-key">${words.key}</label>
    <input id="studio-key" name="key" type="password" autocomplete="off" spellcheck="false" required aria-describedby="signin-problem" />
    <p class="problem" id="signin-problem" role="alert">${problem}</p>
    <p class="buttons"><button disabled=${busy}>${words.signIn}</button><button type="button" class="quiet" onClick=${() => dialog.current.close()}>${words.cancel}</button></p>
  </form></dialog>`
}

/** The buttons of the toolbar: sign in, or whose key it is, and sign out. */
export function KeyButton({ onSignIn, onSignOut }) {
  const key = getKey()
  const [owner, setOwner] = useState('')
  useEffect(() => {
    if (key) callApi('/key').then((reply) => reply.json()).then((found) => setOwner(found.owner || ''), () => setOwner(''))
  }, [key])
  if (!key) return html`<button type="button" class="quiet" onClick=${onSignIn}>${words.signIn}</button>`
  return html`<span class="signed-in">${owner && html`<span class="owner" title=${words.signedInAs(owner)}>${owner}</span>`}
    <button type="button" class="quiet" onClick=${() => { setKey(''); onSignOut() }}>${words.signOut}</button></span>`
}
