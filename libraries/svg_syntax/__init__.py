"""SVG syntax: attributes, numbers, path data, and their curves as polylines."""
