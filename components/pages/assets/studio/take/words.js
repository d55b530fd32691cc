// The texts of the take-away panel, in one place so that they can be translated.
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenth = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

export const size = (bytes) => (bytes < 1e6 ? `${tenth.format(Math.max(0.1, bytes / 1e3))} kB` : `${tenth.format(bytes / 1e6)} MB`)

/** Returns the label of a parameter, such as `Pen width`. */
export const labelOf = (name) => (name === 'dpi' ? 'Pixels per inch' : name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' '))

const FORMATS = {
  svg: 'SVG', 'svg-compact': 'SVG, compact', 'svg-inkscape': 'SVG for Inkscape', 'svg-axidraw': 'SVG for AxiDraw', 'svg-pens': 'SVG, one file per pen',
  hpgl: 'HP-GL', gcode: 'G-code', pdf: 'PDF', dxf: 'DXF', png: 'PNG', strokes: 'Strokes as JSON',
}
export const formatName = (name) => FORMATS[name] || name.toUpperCase()

export const words = {
  title: 'Take away',
  tabs: { files: 'Files', print: 'Print', frame: 'Framed', animation: 'Animation', share: 'Share' },
  loading: 'Loading…',
  format: 'Format',
  pen: 'Pens',
  allPens: 'All pens in one file',
  eachPen: (count) => `A file for each pen: ${count} files`,
  onePen: (name) => `Only ${name}`,
  byDefault: 'default',
  download: 'Download',
  downloading: 'Preparing the file…',
  saved: (name, bytes) => `${name}, ${size(bytes)}`,
  failed: (text) => `That did not work. ${text}`,
  resolution: 'Resolution',
  pixels: (dpi, [wide, tall]) => `${dpi} pixels per inch: ${whole.format(wide)} × ${whole.format(tall)}`,
  printHint: (width, height) => `Prints at its true size, ${tenth.format(width)} × ${tenth.format(height)} mm.`,
  paper: 'Paper',
  transparent: 'Transparent',
  white: 'White',
  cream: 'Cream',
  kraft: 'Kraft',
  black: 'Black',
  frame: 'Frame',
  frames: { black: 'Black', white: 'White', oak: 'Oak' },
  mat: 'Mat',
  mockUp: 'The drawing in a frame on a wall',
  making: 'Drawing the picture…',
  seconds: 'Length',
  ofSeconds: (value) => `${value} s`,
  animatedSvg: 'Animated SVG',
  webm: 'Video (WebM)',
  animationHint: 'The drawing draws itself in its true stroke order.',
  recording: (share) => `Recording… ${Math.round(100 * share)} %`,
  cancel: 'Cancel',
  canceled: 'It was canceled.',
  noVideo: 'This browser cannot record videos.',
  many: (groups) => `With so many strokes, they appear in ${whole.format(groups)} groups.`,
  shareHint: 'The link shows the drawing and its recipe without a key, and lets others make their own from it. It opens nothing else.',
  expires: 'Valid for',
  days: (value) => (value === 1 ? '1 day' : `${value} days`),
  makeLink: 'Make a link',
  link: 'Link',
  copy: 'Copy',
  copied: 'Copied.',
  notCopied: 'Select the text and copy it.',
  until: (moment) => `It works until ${new Date(moment).toLocaleDateString('en', { day: 'numeric', month: 'long', year: 'numeric' })}.`,
}
