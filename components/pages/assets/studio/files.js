// Dropped and chosen files: recognised by their content, checked before they are sent.
import { callApi } from '/assets/access.js'
import { words } from './words.js'

const HEAD_BYTES = 4096
const MAX_PHOTO_BYTES = 60_000_000
const MAX_PHOTO_PIXELS = 120_000_000
const MAX_SENT_SIDE = 2400
const MAX_INLINE_SIDE = 560
const JPEG_QUALITY = 0.92
const DRAWINGS = /\.(svg|svgz|dxf|pdf|hpgl|plt|hgl|gcode|nc|ngc|gco)$/i
const TABLES = /\.(csv|tsv|xlsx|parquet|ndjson)$/i
const startsWith = (bytes, ...codes) => codes.every((code, index) => code === null || bytes[index] === code)

function isPhoto(bytes) {
  return startsWith(bytes, 0x89, 0x50, 0x4e, 0x47) || startsWith(bytes, 0xff, 0xd8, 0xff) || startsWith(bytes, 0x47, 0x49, 0x46, 0x38)
    || startsWith(bytes, 0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50)
}

/**
 * Returns what a file is. Throws an Error with a text for the user if it is nothing that the studio opens.
 * @param {File} file
 * @param {number} limit of the service, in bytes
 * @returns {Promise<'photo'|'drawing'|'recipe'>}
 */
export async function kindOfFile(file, limit) {
  if (!file.size) throw new Error(words.fileEmpty(file.name))
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
  if (isPhoto(bytes)) {
    // A photo is made smaller before it is sent.
    if (file.size > MAX_PHOTO_BYTES) throw new Error(words.fileTooLarge(file.name, file.size, MAX_PHOTO_BYTES))
    return 'photo'
  }
  const text = new TextDecoder().decode(bytes)
  if (/^\s*\{/.test(text) && /\.json$/i.test(file.name)) return 'recipe'
  if (TABLES.test(file.name)) throw new Error(words.fileTable(file.name))
  if (!text.includes('<svg') && !text.startsWith('%PDF') && !DRAWINGS.test(file.name)) {
    throw new Error(/\.(png|jpe?g|webp|gif)$/i.test(file.name) ? words.photoBroken(file.name) : words.fileUnknown(file.name))
  }
  if (file.size > limit) throw new Error(words.fileTooLarge(file.name, file.size, limit))
  return 'drawing'
}

/** Returns the decoded photo. Throws an Error with a text for the user. */
export async function decoded(file) {
  let bitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    throw new Error(words.photoBroken(file.name))
  }
  if (bitmap.width * bitmap.height > MAX_PHOTO_PIXELS) throw new Error(words.photoBroken(file.name))
  return bitmap
}

/**
 * Returns a part of a photo as JPEG, small enough to be sent: a plotter shows no finer detail.
 * @param {ImageBitmap} bitmap
 * @param {{x: number, y: number, width: number, height: number}} crop in pixels
 * @param {number} maxSide of the result, in pixels
 */
export async function cropped(bitmap, crop, maxSide = MAX_SENT_SIDE) {
  const scale = Math.min(1, maxSide / Math.max(crop.width, crop.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(crop.width * scale))
  canvas.height = Math.max(1, Math.round(crop.height * scale))
  const context = canvas.getContext('2d')
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, crop.x, crop.y, crop.width, crop.height, 0, 0, canvas.width, canvas.height)
  return new Promise((done) => { canvas.toBlob(done, 'image/jpeg', JPEG_QUALITY) })
}

/** Returns a photo as a data URL, with the size that the patterns use of a picture in a recipe. */
export async function asDataUrl(bitmap) {
  const blob = await cropped(bitmap, { x: 0, y: 0, width: bitmap.width, height: bitmap.height }, MAX_INLINE_SIDE)
  return new Promise((done) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => done(reader.result))
    reader.readAsDataURL(blob)
  })
}

/** Uploads a file and returns its path, which requests accept at once. */
export async function uploaded(blob, name) {
  const form = new FormData()
  form.append('file', blob, name)
  return (await (await callApi('/uploads', { method: 'POST', body: form })).json()).file
}

/** Saves a file of this page on the computer. */
export function saveAs(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
