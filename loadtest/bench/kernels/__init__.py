"""What the bench measures inside this process: the only place of the worlds that imports rules and models."""
