// The head of a drawing's file: title, size and recipe. The strokes after it are not loaded.
import { fetchDrawing } from '/studio/assets/plot/source.js'

const MAX_CHARS = 2_000_000
const unescaped = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

/**
 * @param {import('/studio/assets/plot/source.js').Source} source
 * @param {AbortSignal} signal
 * @returns {Promise<{title: string, recipe?: object, page?: {width: number, height: number}}>}
 */
export async function headOf(source, signal) {
  const reader = (await fetchDrawing(source, {}, signal)).body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  // This service writes the metadata before the first group.
  while (text.length < MAX_CHARS && !text.includes('<g')) {
    const { done, value } = await reader.read()
    if (done) break
    text += value
  }
  reader.cancel().catch(() => {})
  let recipe
  try {
    recipe = JSON.parse(unescaped(/<metadata>([^<]*)<\/metadata>/.exec(text)?.[1] || '{}')).recipe
  } catch {
    // The file of another program.
  }
  const [width, height] = (/viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(text) || []).slice(1).map(Number)
  return { title: unescaped(/<title>([^<]*)<\/title>/.exec(text)?.[1] || ''), recipe, page: width && height ? { width, height } : undefined }
}
