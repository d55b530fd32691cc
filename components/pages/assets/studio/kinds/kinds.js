// The kinds of designs. Each names the operation of the API whose request body is the recipe.
import { resolved, withPattern } from '../catalogue.js'
import { repaired } from '../schema.js'
import { words } from '../words.js'
import { composition } from './composition.js'
import { pattern } from './pattern.js'
import { photo } from './photo.js'
import { plot } from './plot.js'

// In the order in which they are recognised; the last one matches what no other does.
const ALL = [plot, photo, composition, pattern]
const BY_ID = new Map(ALL.map((one) => [one.id, one]))

export const kindById = (id) => BY_ID.get(id) || pattern
export const kindOf = (body) => ALL.find((one) => one.matches(body))

/**
 * Returns the schema of a kind's recipe, with the parameters of the pattern that the body names.
 * @param {object} kind
 * @param {object} body
 * @param {import('../catalogue.js').Catalogue} catalogue
 */
export function schemaOf(kind, body, catalogue) {
  const schema = resolved(catalogue.operations.get(kind.operation).schema, catalogue.schemas)
  return withPattern(schema, body, catalogue)
}

/**
 * Returns a design from a foreign recipe: a link, pasted JSON, or the metadata of a drawing. Throws an Error with a text for the user.
 * @param {object} given
 * @param {import('../catalogue.js').Catalogue} catalogue
 * @returns {{kind: string, body: object, notes: string[]}}
 */
export function designOf(given, catalogue) {
  // Recipes in drawings have a version of their form.
  const { version, ...body } = given
  const kind = kindOf(body)
  const notes = []
  const photoElsewhere = kind === photo && /^[a-z]+:/i.test(body.photo)
  if (photoElsewhere) notes.push(words.linkPhoto)
  const found = repaired(catalogue.operations.get(kind.operation).schema, body, catalogue)
  if (found.value === undefined || !Object.keys(found.value).length) throw new Error(words.linkNotRecipe)
  if (photoElsewhere) found.value.photo = ''
  if (found.notes.length) notes.push(words.repaired(found.notes.length), ...found.notes.map((one) => one.text))
  return { kind: kind.id, body: kind.ownMembers(found.value), notes }
}
