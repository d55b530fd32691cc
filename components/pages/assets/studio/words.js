// The texts of the studio, in one place so that they can be translated.

const LABELS = {
  params: 'Parameters', pen_width: 'Pen width', pens_by: 'Pens from', dpi: 'Pixels per inch', svg: 'SVG', hatch: 'Hatching', halo: 'Clear border',
  tips: 'Tips', opaque: 'Hides what is below', rotate: 'Rotation', clip: 'Cut at the outline', occlude: 'Fills hide what is below',
  optimize: 'Optimise the order', turn: 'Turn the page to fit', vertical: 'Vertical position', align: 'Horizontal position', octaves: 'Octaves',
}
const UNITS = { degrees: '°', mm: 'mm', 'mm/s': 'mm/s', 'px/in': 'px/in' }

/** Returns the label of a member of a schema, such as `Pen width`. Numbers count from one. */
export function labelOf(name) {
  if (/^\d+$/.test(name)) return String(Number(name) + 1)
  const text = LABELS[name] || String(name).replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export const unitOf = (unit) => UNITS[unit] || unit || ''
export const nameOf = (identifier) => labelOf(String(identifier).replaceAll('-', ' '))

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

export const round = (value) => number.format(value)
export const metres = (mm) => (mm < 1000 ? `${whole.format(mm)} mm` : `${number.format(mm / 1000)} m`)
export function duration(seconds) {
  if (seconds < 60) return `${whole.format(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
export const megabytes = (bytes) => `${number.format(bytes / 1e6)} MB`

export const words = {
  recipe: 'Recipe',
  // repairs
  dropped: 'not usable, left out.',
  tooDeep: 'nested too deeply, left out.',
  unknownKind: (kind) => `“${kind}” is not known to this service, left out.`,
  notAChoice: (value) => `“${value}” is not a choice, the default is used.`,
  notANumber: (value) => `“${value}” is not a number, the default is used.`,
  limited: (value, limit) => `${value} is out of range, ${limit} is used.`,
  tooLong: 'too long, left out.',
  empty: 'empty, left out.',
  notAllowed: (value) => `“${value}” is not allowed, the default is used.`,
  tooMany: (most) => `only the first ${most} are used.`,
  tooFew: 'too few entries, left out.',
  unknownMember: 'not a setting of this design, left out.',
  missing: (names) => `${names} missing, left out.`,
  // links
  linkTooLong: 'This link is too long to be a recipe of the studio.',
  linkDamaged: 'This link is damaged: a part of it is missing or was changed. Ask for it again, or start a new design.',
  linkNotRecipe: 'This link contains no recipe that the studio can use.',
  linkPhoto: 'The photo of this recipe is on another site and is not loaded. Drop the photo here to use it.',
  linkRepaired: (count) => `This recipe was made for another version: ${count === 1 ? 'one setting was' : `${count} settings were`} changed.`,
  pasteRepaired: (count) => `${count === 1 ? 'One setting was' : `${count} settings were`} changed to fit.`,
  notJson: (text) => `This is no JSON: ${text}`,
  // files
  fileEmpty: (name) => `${name} is empty.`,
  fileTooLarge: (name, size, limit) => `${name} has ${megabytes(size)}; this service accepts files of up to ${megabytes(limit)}. Save it smaller, or raise UPLOAD_LIMIT.`,
  fileUnknown: (name) => `${name} is neither a drawing nor a photo. Drop an SVG, DXF, PDF, HP-GL or G-code file, or a PNG, JPEG, WebP or GIF.`,
  fileTable: (name) => `${name} is a table. Charts of tables are drawn by POST /data/chart, which the reference describes.`,
  photoBroken: (name) => `${name} cannot be read as a picture. It may be damaged or incomplete.`,
  svgEmpty: (name) => `${name} contains nothing that a pen can draw.`,
  severalFiles: 'Only the first file is opened.',
  // requests
  offline: 'The server cannot be reached. Your design is kept here; the preview continues when the server is back.',
  keyNeeded: 'Sign in with your API key to draw. Your design is kept.',
  keyRefused: 'This key is not valid or has expired. Sign in again; your design is kept.',
  busy: 'The server is busy. Trying again…',
  jobFailed: 'The drawing failed.',
  jobGone: 'The drawing has expired. Plot it again.',
  storageFull: 'This browser keeps no more designs: delete some on the start page, or save the recipe.',
}
