from hypothesis import settings

# A busy machine makes single examples slow, which says nothing about them.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
