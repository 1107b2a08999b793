"""Has small calls that are there at the same moment travel in one message.

A call of grpc.aio takes longer than all else of a small request. A lane is a stream to the server
that carries one message at a time; what comes meanwhile waits for it, or for another lane, and goes
together. Whatever a relay does not carry is called by itself: while there is no lane, as with a
server that has none, when too many calls wait, and what was on its way when a lane ended.

Several processes of a server share its port, and the kernel gives each connection to any of them. A
lane that finds itself at the process of another connects anew, until there is a lane at each.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc.aio
from housing.v1 import relay_pb2 as pb

from housing_grpc.rest.grpc.channel import Channel
from housing_grpc.rest.http.exchange import Metadata

MOST_BYTES = 4096
"""Of a request; larger ones would keep others waiting."""

_MOST_CALL_BYTES = 2 * MOST_BYTES
_LANES = 2
# A server of more processes gets no lane to the others: messages would be ever smaller.
_MOST_LANES = 16
# Times the number of processes; after so many the last one is found but for one case in 3,000.
_CONNECTIONS = 8
_PATH = "/housing.v1.RelayService/Relay"
_MOST_CALLS = 64
# Of a stream. The next one goes to the next server, where a name stands for several.
_MOST_MESSAGES = 64
# More would wait longer than calls by themselves, of which the server knows how many wait.
_MOST_WAITING = 256
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0

if TYPE_CHECKING:
    Answer = asyncio.Future[pb.RelayedAnswer | None]


class _Waiting(NamedTuple):
    call: pb.RelayedCall
    answer: "Answer"


class Relay:
    """Carries calls.

    Args:
        connect: Makes a channel to the server, with a connection of its own.
    """

    def __init__(self, connect: Callable[[], Channel]) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._connect = connect
        self._lanes: list[_Lane] = []
        self._turns = 0
        self.has_lanes_for(_LANES)

    def has_lanes_for(self, processes: int) -> None:
        """Makes a lane for each process of the server, unless there are so many."""
        while len(self._lanes) < min(processes, _MOST_LANES):
            self._lanes.append(_Lane(self._connect(), self))

    def is_beside(self, lane: "_Lane") -> bool:
        """Returns whether another lane, which was there before, leads to the same process."""
        before = self._lanes[: self._lanes.index(lane)]
        return any(each.ready and each.process == lane.process for each in before)

    def channel(self) -> Channel | None:
        """Returns one to each process of the server in turn; None where only one is known."""
        self._open(asyncio.get_running_loop())
        found = [each for each in self._lanes if each.ready and each.process]
        found = [each for each in found if not self.is_beside(each)]
        if not found:
            return None
        self._turns += 1
        return found[self._turns % len(found)].channel

    def carry(
        self, path: str, request: bytes, metadata: Metadata, seconds: float
    ) -> "Answer | None":
        """Returns what will be the answer to a call: None if the call has to be made by itself.

        Args:
            path: Of the method.
            request: At most `MOST_BYTES`.
            metadata: Of the call.
            seconds: Time that it has.

        Returns:
            None if it cannot be carried now.
        """
        loop = asyncio.get_running_loop()
        self._open(loop)
        if len(self._waiting) >= _MOST_WAITING or not any(lane.ready for lane in self._lanes):
            return None
        call = pb.RelayedCall(
            method=path,
            metadata=[text for entry in metadata for text in entry],
            request=request,
            timeout_ms=round(1000 * seconds),
        )
        # What came with it may be large: a message has its limit.
        if call.ByteSize() > _MOST_CALL_BYTES:
            return None
        answer: Answer = loop.create_future()
        self._waiting.append(_Waiting(call, answer))
        while self._idle:
            idle = self._idle.popleft()
            if not idle.done():  # Its lane is about to end.
                idle.set_result(None)
                break
        return answer

    async def take(self) -> list[_Waiting]:
        """Returns calls that wait, when there are some; nobody waits any more for others."""
        while True:
            taken = [self._waiting.popleft() for _ in range(min(_MOST_CALLS, len(self._waiting)))]
            wanted = [each for each in taken if not each.answer.done()]
            if wanted:
                return wanted
            idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._idle.append(idle)
            try:
                await idle
            finally:
                with suppress(ValueError):
                    self._idle.remove(idle)

    def lost(self) -> None:
        """Has the calls that wait be made by themselves, if there is no lane left."""
        if not any(lane.ready for lane in self._lanes):
            give_back(self._waiting)
            self._waiting.clear()

    async def close(self) -> None:
        """Ends the lanes."""
        for lane in self._lanes:
            await lane.close()

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        for lane in self._lanes:
            lane.open(loop)


class _Lane:
    """One stream, opened when it is needed.

    Args:
        channel: To the server.
        relay: Whose calls it carries.
    """

    def __init__(self, channel: Channel, relay: Relay) -> None:
        self.ready = False
        self.process = 0
        self.channel = channel
        self._processes = self._connections = 0
        self._relay = relay
        self._task: asyncio.Task[None] | None = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._again = 0.0

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to open it, unless it is open, or was lost a moment ago."""
        if self._task is None and loop.time() >= self._again:
            self._task = loop.create_task(self._run(loop))

    async def close(self) -> None:
        """Ends it, and its channel."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.channel.close()

    async def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while await self._carry():
                pass
        # The second: the server had ended the stream before there was more to ask.
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # What was on its way is called by itself, and says more.
        finally:
            if self.ready:
                self._pause = _FIRST_PAUSE_SECONDS
            self._again = loop.time() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
            self.ready, self._task, self._connections = False, None, 0
            self._relay.lost()

    async def _carry(self) -> bool:
        """Carries messages in one stream; returns whether another one is to follow."""
        if self._is_astray():
            self._connections += 1
            self.channel.renew()
            self.ready = False
        stream: Any = self.channel.latest().stream_stream(
            _PATH,
            request_serializer=pb.RelayRequest.SerializeToString,
            response_deserializer=pb.RelayResponse.FromString,
        )()
        try:
            # Whether the server has relays is known when it has answered.
            self.ready = self.ready or await self._exchanged(stream, ())
            if self._is_astray():
                return True
            for _ in range(_MOST_MESSAGES):
                if not (self.ready and await self._exchanged(stream, await self._relay.take())):
                    return False
        finally:
            stream.cancel()
        return True

    async def _exchanged(self, stream: Any, taken: Sequence[_Waiting]) -> bool:
        """Has calls answered; returns whether there will be more answers."""
        try:
            await stream.write(pb.RelayRequest(calls=[each.call for each in taken]))
            response = await stream.read()
            if response is grpc.aio.EOF or len(response.answers) != len(taken):
                return False
            self._note(response)
            for each, answer in zip(taken, response.answers, strict=True):
                if not each.answer.done():
                    each.answer.set_result(answer)
        finally:
            give_back(taken)
        return True

    def _note(self, response: pb.RelayResponse) -> None:
        self.process, self._processes = response.process, response.processes
        self._relay.has_lanes_for(self._processes)

    def _is_astray(self) -> bool:
        """Returns whether another connection may lead to a process that has no lane."""
        may_connect = self._connections < _CONNECTIONS * self._processes
        # guard: a lane to each process
        return self.ready and may_connect and self._relay.is_beside(self)


def give_back(calls: "Sequence[_Waiting] | deque[_Waiting]") -> None:
    """Has calls that were not answered be made by themselves."""
    for each in calls:
        if not each.answer.done():
            each.answer.set_result(None)
