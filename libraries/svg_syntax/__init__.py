"""SVG syntax: attributes, numbers, path data, and curves as polylines."""
