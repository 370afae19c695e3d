"""What every component of the stack shares."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import pulumi


class Component(pulumi.ComponentResource):
    """A group of resources of type `sri:<module>:<Class>`, where the module is the file's name.

    A subclass annotates its outputs on the class, makes its resources with `self.child()` and ends its constructor
    with `self.finish()`.
    """

    _token: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._token = f"sri:{cls.__module__.rpartition('.')[2]}:{cls.__name__}"

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        self.name = name
        super().__init__(self._token, name, None, opts)

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a resource that belongs to this component."""
        return pulumi.ResourceOptions(parent=self, **options)

    def finish(self) -> None:
        """Register the outputs: the attributes annotated on the class."""
        self.register_outputs({name: getattr(self, name) for name in inspect.get_annotations(type(self))})
