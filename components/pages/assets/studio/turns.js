// One drawing at a time: the server draws one for each client during a request and refuses more. What the user looks at comes first.
const waiting = []
let busy = false

async function work() {
  const next = !busy && waiting.shift()
  if (!next) return
  busy = true
  try {
    next.done(await next.call())
  } catch (error) {
    next.fail(error)
  }
  busy = false
  work()
}

/**
 * Calls a function when no other drawing is being fetched, and returns its result.
 * @param {() => Promise<any>} call
 * @param {{urgent?: boolean}} options whether it comes before those that wait
 */
export function drawInTurn(call, { urgent = false } = {}) {
  return new Promise((done, fail) => {
    waiting[urgent ? 'unshift' : 'push']({ call, done, fail })
    work()
  })
}
