def left_in(folder):
    """Names of all that lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())
