// What the service offers: operations with their schemas, patterns, papers, plotters and formats, as its own documents state it.
import { callApi } from '/assets/access.js'

/**
 * @typedef {{id: string, method: string, path: string, schema: object}} Operation
 * @typedef {{operations: Map<string, Operation>, schemas: object, patterns: Map<string, object>, papers: Map<string, object>,
 *   plotters: Map<string, object>, formats: Map<string, object>, jobOptions: Set<string>}} Catalogue
 */

const byName = (items) => new Map(items.map((item) => [item.name, item]))
const get = async (path) => (await callApi(path)).json()

/**
 * Loads everything that forms and cards derive from. Throws the error of `callApi`; its `status` is 401 if a key is needed.
 * @returns {Promise<Catalogue>}
 */
export async function loadCatalogue() {
  const [document, patterns, papers, plotters, formats] = await Promise.all(
    ['/openapi.json', '/patterns', '/papers', '/plotters', '/formats'].map(get),
  )
  const schemas = document.components.schemas
  return {
    schemas,
    operations: operationsOf(document),
    patterns: byName(patterns.patterns),
    papers: byName(papers.papers),
    plotters: byName(plotters.plotters),
    formats: byName(formats.formats),
    // Options of the job are no part of a design, and a link must not set them: a webhook would tell a stranger.
    jobOptions: new Set(Object.keys(schemas.AnyJobOptions?.properties || {})),
  }
}

function operationsOf(document) {
  const found = new Map()
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const schema = operation.requestBody?.content?.['application/json']?.schema
      if (operation.operationId && schema) found.set(operation.operationId, { id: operation.operationId, method: method.toUpperCase(), path, schema })
    }
  }
  return found
}

/**
 * Returns a schema without references and without the alternative null, which becomes `nullable`.
 * @param {object} schema
 * @param {object} schemas the schemas that references name
 */
export function resolved(schema, schemas) {
  let { $ref: reference, anyOf, ...rest } = schema || {}
  if (reference) return { ...resolved(schemas[reference.split('/').at(-1)], schemas), ...rest }
  let nullable = rest.nullable || false
  if (anyOf) {
    const others = anyOf.filter((one) => one.type !== 'null')
    nullable ||= others.length < anyOf.length
    if (others.length !== 1) return { ...rest, anyOf: others, nullable }
    rest = { ...resolved(others[0], schemas), ...rest }
  }
  if (Array.isArray(rest.type)) {
    const types = rest.type.filter((one) => one !== 'null')
    nullable ||= types.length < rest.type.length
    rest = { ...rest, type: types.length === 1 ? types[0] : types }
  }
  if (rest.enum?.includes(null)) rest = { ...rest, enum: rest.enum.filter((one) => one !== null) }
  return nullable ? { ...rest, nullable } : rest
}

/** Returns the alternative of a schema that the discriminator of a value selects, or undefined. */
export function alternative(schema, value, schemas) {
  const name = value?.[schema.discriminator?.propertyName]
  const reference = Object.hasOwn(schema.discriminator?.mapping || {}, name) && schema.discriminator.mapping[name]
  return reference ? resolved({ $ref: reference }, schemas) : undefined
}

/**
 * Returns the schema of an object with the members of the pattern that it names: `params` is an open object in the API's schema.
 * @param {object} schema
 * @param {object} value
 * @param {Catalogue} catalogue
 */
export function withPattern(schema, value, catalogue) {
  if (!schema.properties?.params || !schema.properties.pattern) return schema
  const name = value?.pattern ?? schema.properties.pattern.default
  const pattern = catalogue.patterns.get(name)
  if (!pattern) return schema
  return { ...schema, properties: { ...schema.properties, params: { ...pattern.params, description: schema.properties.params.description } } }
}
