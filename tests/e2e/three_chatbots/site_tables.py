"""The site's one table, as a model of Django's."""
# Django and Channels come without types:
# mypy: ignore-errors

from django.db import models


class Message(models.Model):
    """A question and its answer, empty until there is one."""

    question = models.TextField()
    answer = models.TextField(default="")

    class Meta:
        """Django's own way to name things."""

        app_label = "site"
        db_table = "message"

    def __str__(self) -> str:
        """Name it in Django's ways."""
        return self.question
