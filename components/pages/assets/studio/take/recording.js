// Videos of a film: encoded picture by picture, or recorded while it plays where the browser has no encoder.
import { webm } from './webm.js'

const FRAMES_PER_S = 30
const KEY_FRAMES = 60
const BITS_PER_S = 8_000_000
// The finished drawing stays in view.
const HOLD_S = 1.5
const MAX_QUEUE = 6

export const canRecord = () => typeof VideoEncoder === 'function' || (typeof MediaRecorder === 'function' && MediaRecorder.isTypeSupported('video/webm'))

/**
 * Returns a WebM video of a film. Rejects with the reason of the signal if it is aborted.
 * @param {import('./film.js').Film} film
 * @param {{seconds: number, signal: AbortSignal, onShare: (share: number) => void}} options
 * @returns {Promise<Blob>}
 */
export const recorded = (film, options) => (typeof VideoEncoder === 'function' ? encoded(film, options) : played(film, options))

async function encoded(film, { seconds, signal, onShare }) {
  const { width, height } = film.canvas
  const frames = []
  let failure = null
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength)
      chunk.copyTo(data)
      frames.push({ time: Math.round(chunk.timestamp / 1000), isKey: chunk.type === 'key', data })
    },
    error: (error) => { failure = error },
  })
  encoder.configure({ codec: 'vp8', width, height, bitrate: BITS_PER_S, framerate: FRAMES_PER_S })
  const count = Math.round((seconds + HOLD_S) * FRAMES_PER_S)
  try {
    for (let number = 0; number < count; number += 1) {
      film.paint(Math.min(1, number / FRAMES_PER_S / seconds) * film.timeline.duration)
      const frame = new VideoFrame(film.canvas, { timestamp: Math.round((number * 1e6) / FRAMES_PER_S) })
      encoder.encode(frame, { keyFrame: number % KEY_FRAMES === 0 })
      frame.close()
      // The page stays usable, and pictures do not pile up.
      do await new Promise((done) => { setTimeout(done, 0) })
      while (encoder.encodeQueueSize > MAX_QUEUE && !signal.aborted && !failure)
      signal.throwIfAborted()
      if (failure) throw failure
      onShare(number / count)
    }
    await encoder.flush()
  } finally {
    if (encoder.state !== 'closed') encoder.close()
  }
  return webm(frames, { width, height, duration: Math.round((count * 1000) / FRAMES_PER_S), codec: 'V_VP8' })
}

function played(film, { seconds, signal, onShare }) {
  return new Promise((done, fail) => {
    const recorder = new MediaRecorder(film.canvas.captureStream(FRAMES_PER_S), { mimeType: 'video/webm', videoBitsPerSecond: BITS_PER_S })
    const parts = []
    recorder.addEventListener('dataavailable', (event) => parts.push(event.data))
    recorder.addEventListener('stop', () => (signal.aborted ? fail(signal.reason) : done(new Blob(parts, { type: 'video/webm' }))))
    recorder.addEventListener('error', (event) => fail(event.error || new Error(event.type)))
    signal.addEventListener('abort', () => recorder.state !== 'inactive' && recorder.stop())
    film.paint(0)
    recorder.start(1000)
    const start = performance.now()
    const frame = (now) => {
      if (recorder.state === 'inactive') return
      const passed = Math.max(0, (now - start) / 1000)
      film.paint(Math.min(1, passed / seconds) * film.timeline.duration)
      onShare(Math.min(1, passed / (seconds + HOLD_S)))
      if (passed < seconds + HOLD_S) requestAnimationFrame(frame)
      else recorder.stop()
    }
    requestAnimationFrame(frame)
  })
}
