"""An embedded server that treats settings as Stalwart does, to try and to test against.

A second opinion: written from the wire page and its recordings, and sharing no code with the other
rooms. The rules of an update stand in `confsync.sandbox.patch_rules`.
"""

from confsync.sandbox.schema import Schema
from confsync.sandbox.server import Request, Server

__all__ = ["Request", "Schema", "Server"]
