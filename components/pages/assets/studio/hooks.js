// Hooks that several parts of the studio use.
import { useEffect, useLayoutEffect, useRef, useState } from '/assets/vendor/preact.js'

/** Renders again when the target dispatches `change`. */
export function useChanges(target) {
  const [, count] = useState(0)
  useLayoutEffect(() => {
    const update = () => count((one) => one + 1)
    target?.addEventListener('change', update)
    return () => target?.removeEventListener('change', update)
  }, [target])
}

/** Calls a function on each event of a target while the component is shown. */
export function useListener(target, type, call, options) {
  const latest = useRef(call)
  latest.current = call
  useEffect(() => {
    const listener = (event) => latest.current(event)
    target.addEventListener(type, listener, options)
    return () => target.removeEventListener(type, listener, options)
  }, [target, type])
}

/** Returns a ref for a dialog that opens when it is first shown, and calls `onClose` when it is closed. */
export function useDialog(onClose) {
  const dialog = useRef(null)
  useEffect(() => {
    const node = dialog.current
    node.showModal()
    node.addEventListener('close', onClose)
    return () => node.removeEventListener('close', onClose)
  }, [])
  return dialog
}
