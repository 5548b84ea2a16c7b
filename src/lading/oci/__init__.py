"""Images as values: layers, configurations and manifests, and the folders and archives that they travel in."""
