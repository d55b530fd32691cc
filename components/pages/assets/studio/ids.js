// Preact, with a hook for the ids of labels, which the vendored version lacks.
import { html, useEffect, useMemo, useRef, useState } from '/assets/vendor/preact.js'

let count = 0

/** Returns an id that stays the same for a component and is used once on the page. */
export function useId() {
  const id = useRef('')
  id.current ||= `f${count += 1}`
  return id.current
}

export { html, useEffect, useMemo, useRef, useState }
