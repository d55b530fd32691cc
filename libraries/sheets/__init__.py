"""The sheets that the product draws: artboards, compositions, postcards, contact sheets."""
