"""The visible parts of items: dashes, clips, fills, and what opaque areas hide."""
