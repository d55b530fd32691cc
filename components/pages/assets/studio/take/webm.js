// WebM files from encoded frames, after RFC 8794 (EBML) and the WebM container guidelines.
const TIMESCALE_NS = 1_000_000
const text = (value) => new TextEncoder().encode(value)

/** Returns a whole number as bytes, without leading zeros. */
function whole(value) {
  const bytes = []
  for (let rest = value; rest > 0 || !bytes.length; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.from(bytes)
}

function float(value) {
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setFloat64(0, value)
  return new Uint8Array(bytes.buffer)
}

/** Returns the length of an element as a variable-length number of eight bytes. */
function length(size) {
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setUint32(0, 0x01000000 + Math.floor(size / 2 ** 32))
  bytes.setUint32(4, size % 2 ** 32)
  return new Uint8Array(bytes.buffer)
}

const sizeOf = (parts) => parts.reduce((sum, part) => sum + part.byteLength, 0)

/** Returns an element as a list of byte arrays: id, length, contents. */
const element = (id, ...contents) => {
  const parts = contents.flat()
  return [whole(id), length(sizeOf(parts)), ...parts]
}

/**
 * Returns a video.
 * @param {{time: number, isKey: boolean, data: Uint8Array}[]} frames with times in ms, the first one a key frame
 * @param {{width: number, height: number, duration: number, codec: string}} facts `duration` in ms, `codec` such as `V_VP8`
 * @returns {Blob}
 */
export function webm(frames, { width, height, duration, codec }) {
  const header = element(0x1a45dfa3, element(0x4286, whole(1)), element(0x42f7, whole(1)), element(0x42f2, whole(4)), element(0x42f3, whole(8)), element(0x4282, text('webm')), element(0x4287, whole(4)), element(0x4285, whole(2)))
  const info = element(0x1549a966, element(0x2ad7b1, whole(TIMESCALE_NS)), element(0x4489, float(duration)), element(0x4d80, text('vector-api')), element(0x5741, text('vector-api')))
  const track = element(0xae, element(0xd7, whole(1)), element(0x73c5, whole(1)), element(0x83, whole(1)), element(0x86, text(codec)), element(0xe0, element(0xb0, whole(width)), element(0xba, whole(height))))
  const parts = [...info, ...element(0x1654ae6b, track)]
  const cues = []
  // A cluster for each key frame; times of its blocks are 16 bits from its own.
  for (let first = 0; first < frames.length;) {
    let upto = first + 1
    while (upto < frames.length && !frames[upto].isKey) upto += 1
    const start = frames[first].time
    cues.push(element(0xbb, element(0xb3, whole(start)), element(0xb7, element(0xf7, whole(1)), element(0xf1, whole(sizeOf(parts))))))
    const blocks = frames.slice(first, upto).map(({ time, isKey, data }) => element(0xa3, Uint8Array.of(0x81, (time - start) >> 8, (time - start) & 255, isKey ? 0x80 : 0), data))
    parts.push(...element(0x1f43b675, element(0xe7, whole(start)), ...blocks))
    first = upto
  }
  parts.push(...element(0x1c53bb6b, ...cues))
  return new Blob([...header, ...element(0x18538067, parts)], { type: 'video/webm' })
}
