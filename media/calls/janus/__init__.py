"""Calls carried by Janus VideoRooms on one or several machines: the way past one machine."""

from media.calls.janus.engine import JanusEngine
from media.calls.janus.nodes import JanusAddress

__all__ = ["JanusAddress", "JanusEngine"]
