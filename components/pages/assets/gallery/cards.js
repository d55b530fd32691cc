// A card of the gallery: thumbnail, title, facts, tags and buttons.
import { callApi } from '/assets/access.js'
import { nameOf, showPicture } from '/assets/pictures.js'
import { words } from './words.js'

const millimetres = (length) => Math.round(length * 10) / 10
const day = (moment) => new Date(moment).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' })

function facts({ width, height, paper, made_at: madeAt, seed }) {
  const size = paper ? paper.toUpperCase() : words.size(millimetres(width), millimetres(height))
  return [width && height ? size : '', day(madeAt), seed === null ? '' : words.seed(seed)].filter(Boolean).join(' · ')
}

/**
 * Returns the card of a drawing.
 * @param {object} drawing
 * @param {{ onEdit: (card: HTMLElement) => void, onTag: (tag: string) => void, onError: (text: string) => void }} actions
 */
export function cardOf(drawing, actions) {
  const card = document.getElementById('card').content.firstElementChild.cloneNode(true)
  card.querySelector('.edit').addEventListener('click', () => actions.onEdit(card))
  card.querySelector('.keep').addEventListener('click', () => keepDrawing(card, actions))
  update(card, drawing, actions)
  return card
}

/** Shows changed values of a drawing on its card. */
export function update(card, drawing, actions) {
  card.drawing = drawing
  const title = nameOf(drawing) || words.untitled
  for (const link of card.querySelectorAll('a')) link.href = `${drawing.links.self}/page`
  card.querySelector('h2 a').textContent = title
  card.querySelector('.facts').textContent = facts(drawing)
  const { style, classList } = card.querySelector('.leaf')
  style.aspectRatio = `${drawing.width || 1} / ${drawing.height || 1}`
  classList.toggle('wide', drawing.width >= drawing.height)
  const keep = card.querySelector('.keep')
  keep.textContent = drawing.kept ? words.kept : words.keep
  keep.title = drawing.kept ? words.keptHint : words.keepHint
  keep.setAttribute('aria-pressed', String(drawing.kept))
  keep.setAttribute('aria-label', `${keep.textContent}: ${title}`)
  keep.disabled = false
  card.querySelector('.edit').setAttribute('aria-label', words.edit(title))
  card.querySelector('.tags').replaceChildren(...drawing.tags.map((tag) => tagButton(tag, actions)))
}

function tagButton(tag, { onTag }) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = tag
  button.setAttribute('aria-label', words.tagged(tag))
  button.addEventListener('click', () => onTag(tag))
  return button
}

/** Fetches the thumbnails of cards; the first ones first. */
export function showPictures(cards) {
  for (const card of cards.toReversed()) {
    showPicture(card.querySelector('img'), card.drawing.links.thumbnail, {
      key: `${card.drawing.id} ${card.drawing.made_at}`,
      onNone: () => card.querySelector('.leaf').classList.add('none'),
    })
  }
}

async function keepDrawing(card, actions) {
  const { drawing } = card
  if (drawing.kept) return
  card.querySelector('.keep').disabled = true
  try {
    const kept = await (await callApi(`${drawing.links.self}/keep`, { method: 'POST' })).json()
    update(card, Object.assign(drawing, kept), actions)
  } catch (error) {
    card.querySelector('.keep').disabled = false
    actions.onError(error.message)
  }
}
