// A drawing from elsewhere, read, optimised and placed: POST /plots.
import { words } from '../words.js'

export const plot = {
  id: 'plot',
  operation: 'create_plot',
  hasSeed: false,
  // The effort is asked by the assistant.
  hidden: ['source', 'svg', 'effort', 'pens'],
  groups: [
    { id: 'page', names: ['page', 'margin', 'fit', 'align', 'vertical', 'rotate', 'mirror', 'crop'] },
    { id: 'pens', names: ['pens_by', 'max_pens'] },
    { id: 'optimising', names: ['duplicates', 'gaps', 'simplify', 'passes', 'inner_first', 'keep_groups', 'tolerance'] },
    { id: 'reading', names: ['fills', 'hatch_spacing', 'hatch_angle', 'occlude', 'paper', 'dpi'] },
  ],
  matches: (body) => typeof body.source === 'string' || typeof body.svg === 'string',
  title: () => words.plotTitle,
  initial: (catalogue, name, source) => ({ source, effort: 'quick' }),
  ownMembers: (body) => body,
  // A preview does not search for long.
  previewed: (body) => ({ ...body, effort: 'quick' }),
}
