// Commands and programs that send a recipe, draw it and save the file.

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`

function pythonLiteral(value, indent = '') {
  const inner = `${indent}    `
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Array.isArray(value)) return value.length ? `[${value.map((one) => pythonLiteral(one, indent)).join(', ')}]` : '[]'
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, one]) => one !== undefined)
    return members.length ? `{\n${members.map(([name, one]) => `${inner}${JSON.stringify(name)}: ${pythonLiteral(one, inner)},\n`).join('')}${indent}}` : '{}'
  }
  return JSON.stringify(value)
}

/**
 * Returns programs in several languages that draw a recipe and save it as SVG.
 * @param {import('./catalogue.js').Operation} operation
 * @param {object} body
 * @param {string} origin of the service
 * @param {boolean} hasKey whether the service needs a key
 * @returns {{curl: string, fetch: string, python: string}}
 */
export function snippets({ path }, body, origin, hasKey) {
  const json = JSON.stringify(body)
  const address = `${origin}${path}`
  return {
    curl: [
      `curl -sS ${address} \\`, ...(hasKey ? ["  -H 'X-API-Key: KEY' \\"] : []), "  -H 'Content-Type: application/json' \\",
      "  -H 'Accept: image/svg+xml' -H 'Prefer: wait=60' \\", `  -d ${shellQuoted(json)} -o drawing.svg`,
    ].join('\n'),
    fetch: [
      `const reply = await fetch('${address}', {`, "  method: 'POST',",
      `  headers: { 'Content-Type': 'application/json', Prefer: 'wait=60'${hasKey ? ", 'X-API-Key': key" : ''} },`,
      `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')}),`, '})',
      'const { job_id: job, svg } = await reply.json()', "console.log(job, svg)",
    ].join('\n'),
    python: [
      'import requests', '', `recipe = ${pythonLiteral(body)}`, 'reply = requests.post(', `    ${JSON.stringify(address)},`, '    json=recipe,',
      `    headers={"Accept": "image/svg+xml", "Prefer": "wait=60"${hasKey ? ', "X-API-Key": key' : ''}},`, '    timeout=90,', ')', 'reply.raise_for_status()',
      'with open("drawing.svg", "wb") as file:', '    file.write(reply.content)',
    ].join('\n'),
  }
}
