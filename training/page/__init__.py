"""Reports as one self-contained HTML page: no file, script or font from elsewhere."""
