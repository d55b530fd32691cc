// The parts of the page, of which one is shown: its name is in the address.
const $ = (id) => document.getElementById(id)
const tabs = () => [...document.querySelectorAll('#views [role=tab]')]

/** @returns {string} the name of the part that is shown */
export const currentView = () => new URLSearchParams(location.search).get('view') || 'jobs'

function show(name) {
  const query = new URLSearchParams(location.search)
  if (name === 'jobs') query.delete('view')
  else query.set('view', name)
  history.replaceState(null, '', `${query.size ? `?${query}` : location.pathname}${location.hash}`)
  for (const tab of tabs()) {
    const isShown = tab.dataset.view === name
    tab.setAttribute('aria-selected', String(isShown))
    tab.tabIndex = isShown ? 0 : -1
    $(`view-${tab.dataset.view}`).hidden = !isShown
  }
}

/** Connects the tabs; `onChange` is called when another part is shown. */
export function startViews(onChange) {
  const known = tabs().some((tab) => tab.dataset.view === currentView())
  show(known ? currentView() : 'jobs')
  const choose = (tab) => {
    show(tab.dataset.view)
    onChange()
  }
  for (const tab of tabs()) tab.addEventListener('click', () => choose(tab))
  $('views').addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!step) return
    const all = tabs()
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length]
    next.focus()
    choose(next)
    event.preventDefault()
  })
}

startViews.show = show
