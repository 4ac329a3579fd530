"""What holds for all tests: how hypothesis runs."""

from hypothesis import settings

# A busy machine makes an example slow, not wrong; pytest's own time limit catches what hangs.
settings.register_profile("spanglass", deadline=None)
settings.load_profile("spanglass")
