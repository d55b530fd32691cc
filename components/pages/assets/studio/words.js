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
  const text = (Object.hasOwn(LABELS, name) && LABELS[name]) || String(name).replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export const unitOf = (unit) => UNITS[unit] || unit || ''
// Names that are not written as their identifiers are.
const NAMES = { lsystem: 'L-system', tsp_art: 'TSP art', svg: 'SVG', noise_lines: 'Noise lines', ten_print: '10 PRINT' }
export function nameOf(identifier) {
  const name = String(identifier).replaceAll('-', '_')
  return Object.hasOwn(NAMES, name) ? NAMES[name] : labelOf(name)
}

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

/** Returns a message of the server as a sentence. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')

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
  repaired: (count) => `${count === 1 ? 'One setting' : `${count} settings`} of this recipe had to be changed: it was made for another version, or by hand.`,
  notJson: (text) => `This is no JSON: ${text}`,
  // files
  fileEmpty: (name) => `${name} is empty.`,
  fileTooLarge: (name, size, limit) => `${name} has ${megabytes(size)}; this service accepts files of up to ${megabytes(limit)}. Save it smaller, or raise UPLOAD_LIMIT.`,
  fileUnknown: (name) => `${name} is neither a drawing nor a photo. Drop an SVG, DXF, PDF, HP-GL or G-code file, or a PNG, JPEG, WebP or GIF.`,
  fileTable: (name) => `${name} is a table. Charts of tables are drawn by POST /data/chart, which the reference describes.`,
  photoMissing: 'Drop a photo here, or open one with the button on the left.',
  photoBroken: (name) => `${name} cannot be read as a picture. It may be damaged or incomplete.`,
  nothingToDraw: 'This drawing contains nothing that a pen can draw: no visible line, shape or text.',
  severalFiles: 'Only the first file is opened.',
  // requests
  offline: 'The server cannot be reached. Your design is kept here; the preview continues when the server is back.',
  keyNeeded: 'Sign in with your API key to draw. Your design is kept.',
  keyRefused: 'This key is not valid or has expired. Sign in again; your design is kept.',
  busy: 'The server is busy. Trying again…',
  jobFailed: 'The drawing failed.',
  jobGone: 'The drawing has expired. Plot it again.',
  storageFull: 'This browser keeps no more designs: delete some on the start page, or save the recipe.',
  // start
  studio: 'Studio',
  starting: 'Opening the studio…',
  start: 'Start',
  welcome: 'What will you draw?',
  welcomeHint: 'Choose a pattern below, or drop a drawing or a photo anywhere on this page.',
  openFile: 'Open a file…',
  openHint: 'SVG, DXF, PDF, HP-GL or G-code; PNG, JPEG, WebP or GIF.',
  dropHere: 'Drop it: a drawing is optimised and played back, a photo is drawn by the pen.',
  kept: 'Continue',
  allDrafts: (count) => `Show all ${count} designs`,
  removed: 'The design was deleted.',
  removeDraft: (title) => `Delete the design ${title}`,
  patterns: 'Patterns',
  patternsHint: 'Every one has parameters; the seed makes each drawing unique.',
  compositions: 'Compositions',
  compositionsHint: 'Patterns, lettering, shapes and drawings on one page, with a pen for each layer.',
  photos: 'Photos',
  photosHint: 'Choose a style and open a photo; a portrait with a plain background works best.',
  starts: {
    lettering: { title: 'Lettering', text: 'A few words in single strokes.' },
    poster: { title: 'Poster', text: 'A pattern in a circle, with a title and a line below.' },
    layers: { title: 'Two pens', text: 'Waves and a sun, in two colours.' },
    blank: { title: 'Frame', text: 'A page with a frame, to fill as you like.' },
  },
  signs: { composition: '◫', photo: '◉', plot: '✎' },
  ago: (time) => {
    const minutes = Math.round((Date.now() - time) / 60_000)
    if (minutes < 1) return 'just now'
    if (minutes < 60) return `${minutes} min ago`
    return minutes < 24 * 60 ? `${Math.round(minutes / 60)} h ago` : new Date(time).toLocaleDateString('en', { day: 'numeric', month: 'short' })
  },
  // toolbar
  toolbar: 'Design',
  view: 'View',
  design: 'Design',
  plot: 'Plot',
  nameOfDesign: 'Name of the design',
  backToStart: 'Back to the start',
  undo: 'Undo',
  redo: 'Redo',
  compare: 'Compare',
  share: 'Share and code',
  close: 'Close',
  cancel: 'Cancel',
  choose: 'Choose…',
  openElsewhere: 'This design is open in another tab. Here is a copy of it; both are kept.',
  // panel
  whatIsDrawn: 'What is drawn',
  choosePattern: 'Choose a pattern',
  changePattern: 'Change pattern',
  compose: 'Add layers',
  composeHint: 'Make this a composition, with colours, lettering and more elements',
  style: 'Style',
  otherPhoto: 'Other photo…',
  groups: { params: 'Parameters', page: 'Page', pen: 'Pen', pens: 'Pens', optimising: 'Optimising', reading: 'Reading', more: 'More settings' },
  presets: 'Presets',
  defaultPreset: 'Default',
  savePreset: 'Save as preset',
  presetName: 'Name of the preset',
  presetSaved: (title) => `“${title}” is saved in this browser.`,
  presetRemoved: (title) => `“${title}” was deleted.`,
  presetsFull: (most) => `A pattern has at most ${most} presets of yours: delete one first.`,
  removePreset: (title) => `Delete the preset ${title}`,
  seed: 'Seed',
  dice: 'Roll the dice',
  surprise: 'Surprise me',
  surpriseHint: 'Another seed and other parameters; undo brings these back',
  earlierSeeds: 'Earlier',
  paper: 'Paper',
  ownSize: 'Own size',
  paperTitle: ({ title, width, height }) => (/\d (x|in)/.test(title) ? title : `${title}, ${width} × ${height} mm`),
  composition: 'Composition',
  plotTitle: 'Your drawing',
  firstText: 'Good morning',
  firstSubtitle: 'drawn by a pen, line by line',
  newText: 'Text',
  newSvg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M1 4a3 3 0 1 0 6 0a3 3 0 1 0-6 0M4 1v6M1 4h6" stroke="black" fill="none"/></svg>',
  newEntry: 'new',
  // fields
  slider: 'Slider',
  automatic: 'auto',
  between: (least, most, unit) => `Between ${least} and ${most}${unit ? ` ${unit}` : ''}.`,
  fromFile: 'From a file…',
  ownPicture: 'Your picture',
  pickColor: 'Pick a colour',
  colorName: 'Colour',
  reset: (label) => `Reset ${label}`,
  resetTo: (value) => `Reset to ${value === null ? 'automatic' : Array.isArray(value) ? value.join(', ') : value}`,
  explain: (label) => `Explain ${label}`,
  moveUp: (number) => `Move entry ${number} up`,
  moveDown: (number) => `Move entry ${number} down`,
  removeEntry: (number) => `Remove entry ${number}`,
  addEntry: (label) => `Add to ${label.toLowerCase()}`,
  fewer: 'Show fewer',
  allSettings: (count) => `${count} more`,
  // stage
  preview: 'Preview',
  pictureOf: (size) => `Preview of the drawing, ${size} mm`,
  drawing: 'Drawing…',
  drawingPercent: (percent) => `Drawing, ${percent} %.`,
  smallMeanwhile: 'Meanwhile the design on a small sheet.',
  waitingJobs: (count) => (count === 1 ? 'Waiting for one other job.' : `Waiting for ${count} other jobs.`),
  fixFields: (text) => `This cannot be drawn yet. ${text}`,
  tryAgain: 'Try again',
  thisOne: 'This one',
  otherOne: 'The other one',
  keepThis: 'Keep this one',
  useOther: 'Keep this instead',
  exchange: 'Swap',
  // plan
  plotting: 'Plotting',
  figures: 'Figures of the drawing',
  time: 'Time',
  lifts: 'Pen lifts',
  ink: 'Ink',
  travel: 'Travel',
  count: (value) => whole.format(value),
  effort: 'What matters',
  efforts: {
    quick: { title: 'Quick', text: 'Ready in seconds; travel is already short.' },
    normal: { title: 'Balanced', text: 'Searches for some seconds for a shorter way of the pen.' },
    best: { title: 'Best', text: 'Searches as long as it takes; you can end it at any time.' },
  },
  machine: 'Machine',
  bedTooSmall: (title, width, height) => `The page is larger than the bed of the ${title}, ${width} × ${height} mm.`,
  usePaper: (title) => `Use ${title}`,
  pen: 'Pen',
  allPlotting: 'All settings of plotting',
  plotIt: 'Plot it',
  download: 'Download',
  downloadHint: 'Downloads are optimised as chosen above.',
  optimising: 'Optimising…',
  writing: (format) => `Writing ${format}…`,
  saved: (format) => `${format} saved.`,
  bestSoFar: (travel, gap) => `Travel ${travel}${gap === null || gap === undefined ? '' : `, at most ${Math.ceil(gap * 100)} % more than necessary`}.`,
  finishNow: 'Use the best so far',
  stop: 'Stop',
  plotAgain: 'Plot it again',
  outdated: 'The design has changed since this plot.',
  loadingPlot: 'Loading the plot…',
  backToDesign: 'Back to the design',
  reading: (name) => `Reading ${name}…`,
  // sharing
  recipeTitle: 'The recipe',
  tabs: { link: 'Link', json: 'JSON', curl: 'curl', fetch: 'JavaScript', python: 'Python' },
  tabHints: {
    link: 'Opens this design in the studio. The recipe is in the link itself; nothing is stored.',
    json: 'The body of the request. Edit it or paste another one, then use it.',
    curl: 'Draws the same and saves it.',
    fetch: 'Draws the same in a script.',
    python: 'Draws the same and saves it.',
  },
  copy: 'Copy',
  saveFile: 'Save as a file',
  copied: 'Copied.',
  selected: 'Selected: copy it with Ctrl+C.',
  applyRecipe: 'Use this recipe',
  // keys
  signIn: 'Sign in',
  signOut: 'Sign out',
  signInHint: 'This service needs an API key. It is kept in this tab until you close it.',
  signedInAs: (owner) => `Signed in with a key of ${owner}`,
  key: 'API key',
  keyWrong: 'This key is not valid. Check that it is complete, or ask the operator for a new one.',
  // photos
  sendingPhoto: 'Sending the photo…',
  cropTitle: 'Crop the photo',
  cropHint: 'Drag the frame or its corners, or use the arrow keys.',
  cropArea: (pixels) => `Frame of ${pixels} pixels; arrow keys move it`,
  corners: { nw: 'Upper left corner', ne: 'Upper right corner', sw: 'Lower left corner', se: 'Lower right corner' },
  shape: 'Shape of the frame',
  ratios: { free: 'Free', page: 'Portrait', across: 'Landscape', square: 'Square' },
  usePhoto: 'Draw this photo',
  // compositions
  elements: 'Elements',
  elementsOnSheet: 'Elements on the sheet',
  addElement: 'Add',
  toBack: (name) => `Move ${name} back`,
  toFront: (name) => `Move ${name} to the front`,
  removeElement: (name) => `Remove ${name}`,
  at: 'at',
  composerKeys: 'Arrow keys move by 1 mm, with Shift by 10, with Alt by 0.1. Ctrl and arrow keys resize. R rotates. Ctrl+D duplicates. Square brackets change the order. Delete removes.',
  layers: 'Layers and pens',
  added: (name) => `${name} was added to this page. To open it alone, go back to the start first.`,
  layersHint: 'Drawn in this order, each with its pen.',
  newLayer: (number) => `pen ${number}`,
  addLayer: 'Add a layer',
  colorOf: (name) => `Colour of ${name}`,
  nameOfLayer: (number) => `Name of layer ${number}`,
  widthOf: (name) => `Pen width of ${name} in mm`,
  earlier: (name) => `Draw ${name} earlier`,
  removeLayer: (name) => `Remove ${name}`,
}

const CHOICES = { null: 'Automatic' }
// Of the fonts by A. V. Hershey.
const FONTS = {
  futural: 'Sans', futuram: 'Sans, bold', rowmans: 'Roman, light', rowmand: 'Roman, medium', rowmant: 'Roman, bold', scripts: 'Script, light', scriptc: 'Script, bold',
  cursive: 'Cursive', timesr: 'Serif', timesrb: 'Serif, bold', timesi: 'Serif, italic', timesib: 'Serif, bold italic', timesg: 'Greek serif',
  gothgbt: 'Gothic, English bold', gothgrt: 'Gothic, German bold', gothiceng: 'Gothic, English', gothicger: 'Gothic, German', gothicita: 'Gothic, Italian', gothitt: 'Gothic, Italian bold',
  greek: 'Greek', greekc: 'Greek, bold', greeks: 'Greek, light', cyrillic: 'Cyrillic', cyrilc_1: 'Cyrillic, bold', mathlow: 'Mathematics, small', mathupp: 'Mathematics, large',
}

/** Returns the label of a choice, such as `Small circles`. */
export function choiceOf(name, value) {
  if (value === null) return CHOICES.null
  if (name === 'font' && Object.hasOwn(FONTS, value)) return FONTS[value]
  if (name === 'paper' || name === 'page') return String(value).replaceAll('_', ' ').toUpperCase().replace('LANDSCAPE', 'landscape')
  return typeof value === 'number' ? String(value) : nameOf(value)
}
