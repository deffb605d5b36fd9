"""What is learned and judged from: the journal, the catalogues it speaks of, and the question asked."""
