// Files that are dropped or pasted anywhere on the page, and the button that opens one.
import { useListener } from './hooks.js'
import { html, useRef, useState } from './ids.js'
import { words } from './words.js'

const ACCEPT = '.svg,.dxf,.pdf,.hpgl,.plt,.gcode,.nc,.json,image/svg+xml,image/png,image/jpeg,image/webp,image/gif'

/** Takes files that are dropped or pasted anywhere on the page. */
export function DropTarget({ onFile, enabled }) {
  const [over, setOver] = useState(false)
  const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes('Files')
  useListener(window, 'dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    setOver(enabled)
  })
  useListener(window, 'dragleave', (event) => { if (!event.relatedTarget) setOver(false) })
  useListener(window, 'drop', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    setOver(false)
    if (enabled && event.dataTransfer.files.length) onFile(event.dataTransfer.files[0])
  })
  useListener(window, 'paste', (event) => {
    const [file] = event.clipboardData?.files || []
    if (file && enabled) onFile(file)
  })
  return over && html`<div class="dropping" aria-hidden="true"><p>${words.dropHere}</p></div>`
}

export const PHOTOS = 'image/png,image/jpeg,image/webp,image/gif'

/** A button that opens a file from the computer. */
export function OpenButton({ onFile, label = words.openFile, class: className = '', accept = ACCEPT }) {
  const input = useRef(null)
  return html`<button type="button" class=${className} onClick=${() => input.current.click()}>${label}</button>
    <input ref=${input} type="file" class="unseen" tabindex="-1" aria-hidden="true" accept=${accept} onChange=${(event) => {
      const [file] = event.target.files
      event.target.value = ''
      if (file) onFile(file)
    }} />`
}
