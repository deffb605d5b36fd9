"""The rule language: CEL, typed and classified by binding at publish, evaluated as numpy."""
