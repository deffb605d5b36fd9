"""Subjects: profiles, contacts and identities, how they change, and what is computed from them."""
