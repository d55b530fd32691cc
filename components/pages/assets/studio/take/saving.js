// Files for the user.

/** Saves a blob as a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser has begun to read the blob by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

/** Returns a name that every file system takes. @param {string} name @param {string} suffix with the dot */
export const fileName = (name, suffix) => `${(name || 'drawing').replace(/[^\p{L}\p{N} _.,()-]+/gu, '_').trim().slice(0, 80) || 'drawing'}${suffix}`

/** Returns the name that the server gives a file, or undefined. @param {Response} reply */
export function givenName(reply) {
  const header = reply.headers.get('Content-Disposition') || ''
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1]
  if (encoded) {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return undefined
    }
  }
  return /filename="?([^";]+)/i.exec(header)?.[1]
}

/** Returns a canvas as a PNG. @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
export const pngOf = (canvas) => new Promise((done) => { canvas.toBlob(done, 'image/png') })
