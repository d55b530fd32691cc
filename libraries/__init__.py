"""What the product knows and can do. Nothing in here knows about HTTP or about who calls."""
