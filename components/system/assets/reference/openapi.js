// The OpenAPI document of this service, fetched once when it is needed, and examples made from its schemas.

let fetched = null

/** @returns {Promise<object>} */
export function openapi() {
  fetched ||= fetch('/openapi.json').then((reply) => reply.json()).catch((error) => {
    fetched = null
    throw error
  })
  return fetched
}

/** Returns the operation with a method and a path. @param {object} document @param {string} method @param {string} path */
export function operationAt(document, method, path) {
  const item = document.paths[path]
  const operation = item[method.toLowerCase()]
  const parameters = [...(item.parameters || []), ...(operation.parameters || [])].map((one) => resolved(document, one))
  return { ...operation, parameters }
}

/** Returns a node without references: its own members win. */
export function resolved(document, node) {
  for (const choice of ['allOf', 'anyOf', 'oneOf']) {
    const part = (node[choice] || []).find((one) => one.type !== 'null')
    if (part) {
      const { [choice]: _, ...own } = node
      return resolved(document, { ...resolved(document, part), ...own })
    }
  }
  if (!node.$ref) return node
  const { $ref, ...own } = node
  const target = $ref.slice(2).split('/').reduce((found, name) => found[name], document)
  return { ...resolved(document, target), ...own }
}

const FORMATS = { 'date-time': '2026-12-01T12:00:00Z', date: '2026-12-01', uri: 'https://example.org/' }
const MAX_DEPTH = 6

/** Returns a value that meets a schema, from its examples and defaults where it has some. */
export function exampleOf(document, schema, depth = 0) {
  const node = resolved(document, schema)
  if (node.example !== undefined) return node.example
  if (node.examples?.length) return node.examples[0]
  if (node.const !== undefined) return node.const
  if (node.enum) return node.enum.find((one) => one !== null) ?? null
  if (node.default !== undefined && node.default !== null) return node.default
  const type = Array.isArray(node.type) ? node.type.find((one) => one !== 'null') : node.type
  if (depth > MAX_DEPTH) return type === 'array' ? [] : type === 'object' ? {} : null
  if (type === 'object' || node.properties) {
    return Object.fromEntries(Object.entries(node.properties || {}).map(([name, one]) => [name, exampleOf(document, one, depth + 1)]))
  }
  if (type === 'array') return node.items ? [exampleOf(document, node.items, depth + 1)] : []
  if (type === 'string') return FORMATS[node.format] || '…'
  if (type === 'integer' || type === 'number') return node.minimum ?? 1
  return type === 'boolean' ? true : null
}
