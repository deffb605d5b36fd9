"""From journal to model: data set, training, evaluation and publication."""
