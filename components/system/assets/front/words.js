// The texts that the scripts of the front page show.
export const words = {
  untitled: 'Untitled drawing',
  none: 'No drawings yet. The first one that you make in the studio appears here.',
  keyNeeded: 'Sign in with your API key in the gallery to see your drawings here.',
}
