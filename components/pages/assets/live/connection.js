// A WebSocket that reconnects with exponential backoff and detects dead connections with pings.
const MIN_RETRY_MS = 1000
const MAX_RETRY_MS = 10000
// Time without messages after which a ping is sent, and after which the connection is considered lost.
const PING_AFTER_MS = 20000
const LOST_AFTER_MS = 45000
const POLICY_VIOLATION = 1008

export class Connection {
  // `path` is relative to this server and `protocols()` returns the subprotocols. `onState(state, reason)` gets `connecting`,
  // `connected`, `lost` or `refused`; `onFrame(frame, text)` gets received frames, `onSent(text)` sent ones.
  constructor(path, { protocols, onState, onFrame, onSent }) {
    Object.assign(this, { path, protocols, onState, onFrame, onSent })
    this.socket = null
    this.ready = false
    this.retryMs = MIN_RETRY_MS
    this.timer = 0
    setInterval(() => this.checkAlive(), PING_AFTER_MS / 4)
    addEventListener('online', () => this.timer && this.open())
  }

  open() {
    this.drop()
    this.onState('connecting')
    const address = new URL(this.path, location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(address, this.protocols())
    this.socket = socket
    this.receivedAt = Date.now()
    socket.onmessage = (event) => this.receive(event.data)
    socket.onclose = (event) => this.lose(event.code, event.reason)
  }

  // Returns whether the frame was sent; frames are not queued while disconnected.
  send(frame) {
    if (!this.ready) return false
    const text = JSON.stringify(frame)
    this.socket.send(text)
    this.onSent(text)
    return true
  }

  receive(text) {
    this.receivedAt = Date.now()
    const frame = JSON.parse(text)
    if (frame.action === 'pong') return
    // Unauthorized sockets are also opened, to close them with a reason; only authorized ones get the greeting.
    const greeted = !this.ready && frame.action === 'job_status' && frame.payload.status === 'connected'
    if (greeted) {
      this.ready = true
      this.retryMs = MIN_RETRY_MS
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
    // Jitter: many pages may have lost the same server.
    this.timer = setTimeout(() => this.open(), this.retryMs * (1 + Math.random() / 4))
    this.retryMs = Math.min(2 * this.retryMs, MAX_RETRY_MS)
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

  checkAlive() {
    const silence = this.socket ? Date.now() - this.receivedAt : 0
    if (silence > LOST_AFTER_MS) this.lose(0, '')
    else if (silence > PING_AFTER_MS && this.ready) this.socket.send(JSON.stringify({ action: 'ping' }))
  }
}
