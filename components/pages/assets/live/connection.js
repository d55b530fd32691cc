// One WebSocket that comes back: it connects, notices silence, and after a loss tries again with growing pauses.
const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 10000
// Milliseconds without a word until one is asked for, and until the connection counts as lost.
const QUIET = 20000
const DEAD = 45000
const POLICY_VIOLATION = 1008

export class Connection {
  // `path` is on this server; `protocols()` gives the subprotocols; `onState(state, reason)` hears `connecting`, `connected`,
  // `lost` and `refused`; `onFrame(frame, text)` hears what the server says, `onSent(text)` what is said to it.
  constructor(path, { protocols, onState, onFrame, onSent }) {
    Object.assign(this, { path, protocols, onState, onFrame, onSent })
    this.socket = null
    this.ready = false
    this.pause = FIRST_PAUSE
    this.timer = 0
    setInterval(() => this.listen(), QUIET / 4)
    addEventListener('online', () => this.timer && this.open())
  }

  open() {
    this.drop()
    this.onState('connecting')
    const address = new URL(this.path, location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(address, this.protocols())
    this.socket = socket
    this.heardAt = Date.now()
    socket.onmessage = (event) => this.hear(event.data)
    socket.onclose = (event) => this.lose(event.code, event.reason)
  }

  // Returns whether it was sent: nothing is kept for later.
  send(frame) {
    if (!this.ready) return false
    const text = JSON.stringify(frame)
    this.socket.send(text)
    this.onSent(text)
    return true
  }

  hear(text) {
    this.heardAt = Date.now()
    const frame = JSON.parse(text)
    if (frame.action === 'pong') return
    // A stranger's socket is opened as well, to say why it is closed; the greeting is for those who may stay.
    const greeted = !this.ready && frame.action === 'job_status' && frame.payload.status === 'connected'
    if (greeted) {
      this.ready = true
      this.pause = FIRST_PAUSE
    }
    this.onFrame(frame, text)
    if (greeted) this.onState('connected')
  }

  lose(code, reason) {
    this.drop()
    if (code === POLICY_VIOLATION) {
      this.onState('refused', reason)
      return
    }
    // Not all at once, when many pages lost the same server.
    this.timer = setTimeout(() => this.open(), this.pause * (1 + Math.random() / 4))
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE)
    this.onState('lost')
  }

  drop() {
    clearTimeout(this.timer)
    this.timer = 0
    this.ready = false
    if (!this.socket) return
    this.socket.onmessage = this.socket.onclose = null
    this.socket.close()
    this.socket = null
  }

  listen() {
    const silence = this.socket ? Date.now() - this.heardAt : 0
    if (silence > DEAD) this.lose(0, '')
    else if (silence > QUIET && this.ready) this.socket.send(JSON.stringify({ action: 'ping' }))
  }
}
