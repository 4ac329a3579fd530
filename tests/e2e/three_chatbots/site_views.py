"""The first chatbot's web side: a question goes to Kafka and a placeholder to the database; the browser polls."""
# Django and Channels come without types:
# mypy: ignore-errors

import json
import logging
import os
from functools import cache

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from kafka import KafkaProducer
from site_tables import Message

import spanglass

logger = logging.getLogger("site.views")


@cache
def producer() -> KafkaProducer:
    """Connect once, with the first question."""
    return KafkaProducer(bootstrap_servers=os.environ["KAFKA"])


@csrf_exempt
def ask(request: HttpRequest) -> JsonResponse:
    """Take a question."""
    spanglass.counter("chat.requests", unit="{request}").add(1, {"chatbot": "kafka"})
    said = json.loads(request.body)
    with spanglass.context(user_id=said["user"], feature="kafka chat"):
        message = Message.objects.create(question=said["text"])
        question = json.dumps({"id": message.pk, "text": said["text"]}).encode()
        producer().send("site.questions", question).get(30)
        logger.info("question sent")
    return JsonResponse({"id": message.pk}, status=202)


def answer(request: HttpRequest, number: int) -> JsonResponse:
    """Hand out what there is of an answer."""
    del request
    return JsonResponse({"answer": Message.objects.get(pk=number).answer})


urlpatterns = [path("api/chat/", ask), path("api/chat/<int:number>/", answer)]
