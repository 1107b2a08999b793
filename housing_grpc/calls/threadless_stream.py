"""Streams of a question and an answer in turn; one that waits for its caller holds no worker."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc

from housing_grpc.base import log
from housing_grpc.calls.call_pool import CallPool, on_pool

_logger = logging.getLogger(__name__)

Answer = Callable[[bytes, grpc.ServicerContext], bytes | None]
"""Makes the answer to a question; None for one that ends the stream."""


def handler(answer: Answer, pool: CallPool) -> Any:
    """Returns what grpcio serves such a method with.

    Args:
        answer: Answers a message.
        pool: Runs it; a stream on which nothing comes for long is ended by it.
    """
    conversations = _Conversations(answer, pool)
    return grpc.stream_stream_rpc_method_handler(
        on_pool(conversations.go_on, pool, non_blocking=True)
    )


class _Conversations:
    def __init__(self, answer: Answer, pool: CallPool) -> None:
        self._answer = answer
        self._pool = pool

    def go_on(
        self,
        messages: Iterator[Any],
        context: grpc.ServicerContext,
        send: Callable[[bytes | None], None],
    ) -> None:
        """Answers the question that has come, and lets the stream wait for the next one."""
        try:
            question = self._pool.receive(messages, context)
            then = partial(self.go_on, messages, context, send)
            answer = self._answer(question, context)
            if answer is None:
                context.cancel()
                return
            self._pool.answer_message(messages, context, send, answer, then)
        except StopIteration:
            if context.is_active():
                send(None)
        except grpc.RpcError:
            pass  # The caller is gone.
        except Exception as error:  # noqa: BLE001 - nobody else would end the call
            log.event(_logger, logging.ERROR, "conversation.failed", error=error)
            context.cancel()
